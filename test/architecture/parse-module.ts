import { parseAst } from 'vitest/node';
import { readProjectFile } from './project-files.ts';

/** A node of the syntax tree (ESTree with TypeScript); only what the rules look at. */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

export interface ParsedModule {
  readonly file: string;
  readonly text: string;
  readonly program: SyntaxNode;
}

const parsed = new Map<string, ParsedModule>();

/** Parses a TypeScript or JavaScript module with the parser that runs the tests. */
export function parseModule(file: string): ParsedModule {
  const known = parsed.get(file);
  if (known) return known;
  const module = parseText(file, readProjectFile(file));
  parsed.set(file, module);
  return module;
}

export function parseText(file: string, text: string): ParsedModule {
  const program: unknown = parseAst(text, { lang: /\.m?ts$/.test(file) ? 'ts' : 'js' });
  if (!isNode(program)) throw new Error(`${file}: not a syntax tree`);
  return { file, text, program };
}

/** Calls `visit` for every node, parents first. `ancestors` ends with the parent. */
export function visitNodes(
  root: SyntaxNode,
  visit: (node: SyntaxNode, ancestors: readonly SyntaxNode[]) => void,
): void {
  const ancestors: SyntaxNode[] = [];
  const walk = (node: SyntaxNode) => {
    visit(node, ancestors);
    ancestors.push(node);
    for (const value of Object.values(node)) {
      for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) walk(child);
    }
    ancestors.pop();
  };
  walk(root);
}

export function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

/** The line a place in the text is on, from 1. */
export function lineOf(text: string, place: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < place; at = text.indexOf('\n', at + 1)) line += 1;
  return line;
}
