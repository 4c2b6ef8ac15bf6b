import { describe, expect, it } from 'vitest';
import { isNode, lineOf, parseModule, type SyntaxNode, visitNodes } from './parse-module.ts';
import { isTestCode, listCodeFiles, listFiles, listSourceFiles, readProjectFile } from './project-files.ts';

/** Written so that this file does not break its own rules. */
const UNFINISHED = new RegExp(`\\b(?:${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX', 'HA' + 'CK'].join('|')})\\b`);
const SUPPRESSIONS = new RegExp(
  ['@ts-' + 'ignore', '@ts-' + 'nocheck', 'biome-' + 'ignore', 'eslint-' + 'disable'].join('|'),
);
/** Every column is named: a new one must not change what a query returns, nor a text column be read for nothing. */
const SELECT_STAR = /select\s+(?:\w+\.)?\*/i;
/** Folders that a user's machine does not have or may not read. */
const MACHINE_PATH = /(?<![\w.@/-])\/(?:work|root)\/[\w.-]/;

const CONFIG_FILE = /^apps\/[^/]+\/src\/config\.ts$/;
const TEXT_FILE = /(?:\.(?:ts|mjs|js|json|md|sql|lua|ya?ml|svg|sh)|^\.\w+|\/run|Dockerfile)$/;

describe('code', () => {
  it('has nothing left to do in it', () => {
    expect(linesMatching(listCodeFiles(), UNFINISHED)).toEqual([]);
  });

  it('silences no compiler and no linter', () => {
    expect(linesMatching(listCodeFiles(), SUPPRESSIONS)).toEqual([]);
  });

  // Tests may: to compare all of a row with all of it later is what some are for.
  it('selects columns by name', () => {
    const product = listSourceFiles().filter((file) => !isTestCode(file));
    expect(linesMatching([...product, ...listFiles('migrations')], SELECT_STAR)).toEqual([]);
  });

  it('of apps and packages reads the environment in config.ts of an app only', () => {
    const files = listSourceFiles().filter((file) => !CONFIG_FILE.test(file) && !isTestCode(file));
    const readers = files.filter(readsEnvironment);
    expect(readers).toEqual([]);
  });

  it('exports by name', () => {
    const isConfig = (file: string) => /(?:\.config|\/global-setup)\.ts$/.test(file);
    const found = listCodeFiles().filter((file) => !isConfig(file) && hasNode(file, 'ExportDefaultDeclaration'));
    expect(found).toEqual([]);
  });

  it('passes no type check by asserting `any` or a value that may be missing', () => {
    const found = listCodeFiles().flatMap((file) => {
      const { text, program } = parseModule(file);
      const lines: string[] = [];
      visitNodes(program, (node) => {
        if (node.type === 'TSAnyKeyword' || node.type === 'TSNonNullExpression') {
          lines.push(`${file}:${lineOf(text, node.start)}`);
        }
      });
      return lines;
    });
    expect(found).toEqual([]);
  });
});

describe('an index.ts of a package', () => {
  const indexes = listSourceFiles().filter((file) => file.endsWith('/index.ts'));

  it('is at the top of its package', () => {
    expect(indexes.filter((file) => !/^packages\/[^/]+\/src\/index\.ts$/.test(file))).toEqual([]);
  });

  it.each(indexes)('%s lists named exports of files beside it and nothing else', (file) => {
    const other = bodyOf(parseModule(file).program).filter(
      (node) => node.type !== 'ExportNamedDeclaration' || !isNode(node.source),
    );
    expect(other.map((node) => node.type)).toEqual([]);
  });
});

describe('a file of the project', () => {
  it('names no folder of the machine it was written on', () => {
    expect(linesMatching(listFiles().filter(isText), MACHINE_PATH)).toEqual([]);
  });

  it('names no package registry of its own', () => {
    expect(readProjectFile('.npmrc')).not.toMatch(/registry|_auth|proxy/);
    const resolved = [...readProjectFile('package-lock.json').matchAll(/"resolved": "(https?:[^"]*)"/g)];
    const foreign = resolved.map((match) => match[1] ?? '').filter((url) => !isPublicRegistry(url));
    expect(foreign).toEqual([]);
  });
});

function isText(file: string): boolean {
  return TEXT_FILE.test(file) && !file.startsWith('examples/documents/') && file !== 'package-lock.json';
}

function isPublicRegistry(url: string): boolean {
  return new URL(url).host === ['registry', 'npmjs', 'org'].join('.');
}

/** `file:line: text` of every line that matches. */
function linesMatching(files: readonly string[], pattern: RegExp): string[] {
  return files.flatMap((file) =>
    readProjectFile(file)
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}: ${line.trim().slice(0, 160)}`] : [])),
  );
}

function readsEnvironment(file: string): boolean {
  let isReader = false;
  visitNodes(parseModule(file).program, (node) => {
    if (node.type !== 'MemberExpression' || !isNode(node.object) || !isNode(node.property)) return;
    if (node.object.name === 'process' && node.property.name === 'env') isReader = true;
  });
  return isReader;
}

function hasNode(file: string, ...types: string[]): boolean {
  let isFound = false;
  visitNodes(parseModule(file).program, (node) => {
    if (types.includes(node.type)) isFound = true;
  });
  return isFound;
}

function bodyOf(program: SyntaxNode): SyntaxNode[] {
  return Array.isArray(program.body) ? program.body.filter(isNode) : [];
}
