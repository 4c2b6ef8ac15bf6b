import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineTool } from '../define-tool.ts';
import { checkToolCall, MAX_TOOL_INPUT_BYTES } from './check-tool-call.ts';
import { createToolRegistry } from './tool-registry.ts';

function define(name: string, inputSchema: z.ZodType) {
  const execute = async () => null;
  return defineTool({ name, description: 'd', version: '1', inputSchema, outputSchema: z.unknown(), execute });
}

const search = define(
  'search',
  z.object({
    query: z.string().min(2),
    limit: z.number().int().max(10).default(5),
    filter: z.object({ lang: z.enum(['en', 'de']).optional() }).optional(),
    tags: z.array(z.object({ name: z.string() })).optional(),
    extra: z.record(z.string(), z.number()).optional(),
    free: z.looseObject({}).optional(),
  }),
);

const registry = createToolRegistry([search, define('ping', z.object({})), define('hidden', z.object({}))]);
const granted = new Set(['search', 'ping']);

function check(name: string, inputJson: string) {
  return checkToolCall({ registry, granted, call: { toolUseId: 'use_1', name, inputJson } });
}

function refusal(name: string, inputJson: string): string {
  const checked = check(name, inputJson);
  return checked.kind === 'refused' ? `${checked.failure.code}: ${checked.failure.message}` : 'it was accepted';
}

describe('checkToolCall', () => {
  it('hands over the input as the schema made it, and as the model wrote it', () => {
    const checked = check('search', '{"query":"cats","extra":{"a":1},"free":{"x":[1]}}');
    expect(checked).toMatchObject({
      kind: 'ready',
      input: { query: 'cats', limit: 5, extra: { a: 1 }, free: { x: [1] } },
      rawInput: { query: 'cats', extra: { a: 1 }, free: { x: [1] } },
    });
  });

  it('takes no input at all as an empty object', () => {
    expect(check('ping', '')).toMatchObject({ kind: 'ready', input: {} });
  });

  it('names the granted tools when the tool is unknown or not granted', () => {
    expect(refusal('serach', '{}')).toBe('tool_unknown: There is no tool "serach". It may use: search, ping.');
    expect(refusal('hidden', '{}')).toBe('tool_not_granted: This task may not use "hidden". It may use: search, ping.');
    expect(refusal('__proto__', '{}')).toContain('tool_unknown');
  });

  it.each(['{"query":"ca', '{"query":"cats"', '{query:"cats"}', '{"query":"cats"} extra', 'null,', ' '])(
    'refuses %j, which is not JSON: half of an input is never completed',
    (inputJson) => {
      expect(refusal('search', inputJson)).toMatch(/^tool_invalid_input: .*not valid JSON/);
    },
  );

  it.each([
    ['{}', /"query": .*expected string/],
    ['[]', /expected object/],
    ['null', /expected object/],
    ['"text"', /expected object/],
    ['{"query":"c"}', /"query": .*>=2/],
    ['{"query":"cats","limit":11}', /"limit": .*<=10/],
    ['{"query":"cats","filter":{"lang":"fr"}}', /"filter\.lang": .*"en"\|"de"/],
    ['{"query":"cats","tags":[{"name":"a"},{"name":1}]}', /"tags\[1\]\.name": .*expected string/],
  ])('refuses %s with the path and what was expected', (inputJson, message) => {
    expect(refusal('search', inputJson)).toMatch(message);
  });

  it.each([
    ['{"query":"cats","limt":3}', /"limt" is not a known key; known: query, limit, filter, tags, extra, free/],
    ['{"query":"cats","filter":{"language":"de"}}', /"filter\.language" is not a known key; known: lang/],
    ['{"query":"cats","tags":[{"name":"a","color":"red"}]}', /"tags\[0\]\.color" is not a known key/],
    ['{"query":"cats","__proto__":{"limit":1}}', /"__proto__" is not allowed/],
    ['{"query":"cats","free":{"a":[{"__proto__":1}]}}', /"free\.a\[0\]\.__proto__" is not allowed/],
  ])('refuses the key in %s instead of dropping it', (inputJson, message) => {
    expect(refusal('search', inputJson)).toMatch(message);
  });

  it('refuses input that nests too deep or is too big before it is parsed', () => {
    expect(refusal('ping', '['.repeat(200_000))).toContain('deeper than 64 levels');
    expect(refusal('ping', `{"a":"${'x'.repeat(MAX_TOOL_INPUT_BYTES)}"}`)).toContain('at most 1000000 are allowed');
  });

  it('follows recursive schemas', () => {
    const node = z.object({
      name: z.string(),
      get children() {
        return z.array(node).optional();
      },
    });
    const tree = createToolRegistry([define('tree', z.object({ root: node }))]);
    const call = (inputJson: string) =>
      checkToolCall({ registry: tree, granted: new Set(['tree']), call: { toolUseId: 'u', name: 'tree', inputJson } });
    expect(call('{"root":{"name":"a","children":[{"name":"b"}]}}').kind).toBe('ready');
    expect(call('{"root":{"name":"a","children":[{"name":"b","colour":1}]}}')).toMatchObject({
      failure: { message: expect.stringContaining('"root.children[0].colour" is not a known key') },
    });
  });
});
