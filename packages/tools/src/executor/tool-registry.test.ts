import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineTool, type ToolAnnotations } from '../define-tool.ts';
import { createToolRegistry } from './tool-registry.ts';

function define(name: string, fallback: string[] = [], annotations: ToolAnnotations = {}) {
  const schemas = { inputSchema: z.object({}), outputSchema: z.unknown() };
  return defineTool({
    name,
    description: 'd',
    version: '1',
    ...schemas,
    annotations,
    fallback,
    execute: async () => 1,
  });
}

describe('createToolRegistry', () => {
  it('lays out fallbacks in the order in which they are tried, each once', () => {
    const a = define('a', ['b', 'c']);
    const registry = createToolRegistry([a, define('b', ['d']), define('c', ['d']), define('d')]);
    expect(registry.fallbackChain(a).map((tool) => tool.name)).toEqual(['a', 'b', 'd', 'c']);
    expect(registry.get('b')?.name).toBe('b');
    expect(registry.get('constructor')).toBeUndefined();
  });

  it.each([
    ['a name used twice', [define('a'), define('a')], /tool "a": name is used by two tools/],
    ['a fallback that is not there', [define('a', ['b'])], /tool "a": fallback names "b", which is not a tool/],
    [
      'a circle of fallbacks',
      [define('a', ['b']), define('b', ['c']), define('c', ['a'])],
      /fallback runs in a circle: a -> b -> c -> a/,
    ],
    [
      'a fallback less safe to repeat than the tool',
      [define('a', ['b'], { readOnlyHint: true }), define('b', ['c'], { readOnlyHint: true }), define('c')],
      /must not be less safe to repeat: "c" is unsafe while this tool is pure/,
    ],
  ])('refuses %s', (_what, tools, message) => {
    expect(() => createToolRegistry(tools)).toThrow(message);
  });
});
