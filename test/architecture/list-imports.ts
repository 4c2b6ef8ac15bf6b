import path from 'node:path';
import { isNode, type ParsedModule, parseModule, visitNodes } from './parse-module.ts';
import { listSourceFiles } from './project-files.ts';

/** One import, export-from or `import()` of a module. */
export interface ModuleImport {
  readonly file: string;
  /** As written: `./x.ts`, `@nightshift/domain`, `node:fs`, `pg`. */
  readonly specifier: string;
}

const STATIC_IMPORTS: ReadonlySet<string> = new Set([
  'ImportDeclaration',
  'ExportNamedDeclaration',
  'ExportAllDeclaration',
  'ImportExpression',
  'TSImportType',
]);

/** Type imports count: what a file says about another package ties it to that package. */
export function listImports(module: ParsedModule): ModuleImport[] {
  const found: ModuleImport[] = [];
  visitNodes(module.program, (node) => {
    if (!STATIC_IMPORTS.has(node.type) || !isNode(node.source)) return;
    if (typeof node.source.value === 'string') found.push({ file: module.file, specifier: node.source.value });
  });
  return found;
}

/** Every import of every source file of the workspaces. */
export function listSourceImports(): ModuleImport[] {
  return listSourceFiles().flatMap((file) => listImports(parseModule(file)));
}

/** The npm package of a specifier; undefined for relative paths and Node's own modules. */
export function packageNameOf(specifier: string): string | undefined {
  if (specifier.startsWith('.') || specifier.startsWith('/') || specifier.startsWith('node:')) return undefined;
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0];
}

/** `packages/store` of `packages/store/src/queries/x.ts`. */
export function workspaceOf(file: string): string {
  return file.split('/').slice(0, 2).join('/');
}

/** Where a relative import leads, from the root of the project. */
export function resolveRelative(imported: ModuleImport): string {
  return path.posix.normalize(path.posix.join(path.posix.dirname(imported.file), imported.specifier));
}
