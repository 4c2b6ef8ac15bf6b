import { isNode, lineOf, type ParsedModule, type SyntaxNode, visitNodes } from './parse-module.ts';

const FUNCTIONS: ReadonlySet<string> = new Set([
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
]);
/** The callback of `describe` is a list of tests; each test in it is measured for itself. */
const TEST_GROUPS: ReadonlySet<string> = new Set(['describe', 'suite']);

export interface MeasuredFunction {
  readonly file: string;
  /** Where it starts, from 1. */
  readonly line: number;
  readonly lineCount: number;
}

/** Every function of a module with the lines it covers, from its first parameter's bracket or name to its last brace. */
export function measureFunctions(module: ParsedModule): MeasuredFunction[] {
  const found: MeasuredFunction[] = [];
  visitNodes(module.program, (node, ancestors) => {
    if (!FUNCTIONS.has(node.type) || isTestGroup(ancestors.at(-1))) return;
    const line = lineOf(module.text, node.start);
    found.push({ file: module.file, line, lineCount: lineOf(module.text, node.end - 1) - line + 1 });
  });
  return found;
}

/** Also `describe.each(...)(...)` and `describe.skipIf(...)(...)`. */
function isTestGroup(parent: SyntaxNode | undefined): boolean {
  let callee: unknown = parent?.type === 'CallExpression' ? parent.callee : undefined;
  while (isNode(callee) && callee.type !== 'Identifier') {
    callee = callee.type === 'MemberExpression' ? callee.object : callee.callee;
  }
  return isNode(callee) && typeof callee.name === 'string' && TEST_GROUPS.has(callee.name);
}
