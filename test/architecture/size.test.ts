import { describe, expect, it } from 'vitest';
import { measureFunctions } from './measure-functions.ts';
import { parseModule, parseText } from './parse-module.ts';
import { listCodeFiles, listFiles, readProjectFile } from './project-files.ts';

const MAX_FILE_LINES = 300;
const MAX_FUNCTION_LINES = 70;

describe('size', () => {
  it(`of a file of code or SQL is at most ${MAX_FILE_LINES} lines`, () => {
    const sql = listFiles('migrations').filter((file) => /\/\d{4}_.*\.sql$/.test(file));
    const long = [...listCodeFiles(), ...sql]
      .map((file) => ({ file, lines: readProjectFile(file).trimEnd().split('\n').length }))
      .filter(({ lines }) => lines > MAX_FILE_LINES);
    expect(long).toEqual([]);
  });

  it(`of a function is at most ${MAX_FUNCTION_LINES} lines`, () => {
    const long = listCodeFiles()
      .flatMap((file) => measureFunctions(parseModule(file)))
      .filter(({ lineCount }) => lineCount > MAX_FUNCTION_LINES);
    expect(long).toEqual([]);
  });
});

describe('measureFunctions', () => {
  it('counts declarations, methods and arrows, with nested ones in their own right', () => {
    const text = [
      'export function outer() {',
      '  const inner = () => {',
      '    return 1;',
      '  };',
      '  return inner;',
      '}',
      'class A {',
      '  method(): void {',
      '  }',
      '}',
    ].join('\n');
    const found = measureFunctions(parseText('x.ts', text)).map(({ line, lineCount }) => [line, lineCount]);
    expect(found).toEqual([
      [1, 6],
      [2, 3],
      [8, 2],
    ]);
  });

  it('leaves out the callbacks of test groups, not of tests', () => {
    const text = [
      "describe('a', () => {",
      "  describe.each([1])('b', () => {",
      "    it('c', () => {",
      '    });',
      '  });',
      '});',
    ].join('\n');
    const found = measureFunctions(parseText('x.ts', text)).map(({ line, lineCount }) => [line, lineCount]);
    expect(found).toEqual([[3, 2]]);
  });
});
