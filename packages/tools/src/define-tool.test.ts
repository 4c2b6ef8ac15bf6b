import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineTool, type ToolDefinition } from './define-tool.ts';
import { toModelTools } from './executor/to-model-tools.ts';

function define(more: Partial<ToolDefinition>) {
  return defineTool({
    name: 'probe',
    description: 'd',
    version: '1',
    inputSchema: z.object({}),
    outputSchema: z.unknown(),
    execute: async () => null,
    ...more,
  });
}

describe('defineTool', () => {
  it('fills in defaults that trust the tool with nothing', () => {
    expect(define({})).toMatchObject({
      effectClass: 'unsafe',
      annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
      timeoutMs: { soft: undefined, hard: 60_000 },
      retry: { maxAttempts: 3, minTimeoutMs: 500, factor: 2, maxTimeoutMs: 30_000 },
      fallback: [],
      visibility: { input: 'developer', output: 'developer' },
    });
  });

  it.each([
    [{ readOnlyHint: true }, 'pure'],
    [{ idempotentHint: true }, 'keyed'],
    [{ readOnlyHint: true, idempotentHint: true }, 'pure'],
    [{ destructiveHint: false }, 'unsafe'],
  ])('derives the effect class of %j as %s', (annotations, effectClass) => {
    expect(define({ annotations }).effectClass).toBe(effectClass);
  });

  it.each<[Partial<ToolDefinition>, string]>([
    [{ effect: 'transaction' }, 'transaction'],
    [{ verify: async (_key: string) => ({ kind: 'cannot_tell' as const }) }, 'verifiable'],
    [{ onUnknownOutcome: 'fail' }, 'unsafe'],
  ])('gives a tool with %j the effect class %s', (more, effectClass) => {
    expect(define(more).effectClass).toBe(effectClass);
  });

  it.each<[Partial<ToolDefinition>, RegExp]>([
    [
      { effect: 'transaction', annotations: { readOnlyHint: true } },
      /effect: "transaction" contradicts annotations\.readOnlyHint/,
    ],
    [{ effect: 'transaction', annotations: { idempotentHint: true } }, /either keyed or transaction/],
    [{ effect: 'transaction', verify: async (_key: string) => ({ kind: 'cannot_tell' }) }, /verify contradicts effect/],
    [
      { annotations: { readOnlyHint: true }, verify: async (_key: string) => ({ kind: 'cannot_tell' }) },
      /either pure or verifiable/,
    ],
    [{ verify: async () => ({ kind: 'cannot_tell' }) }, /verify must be a function of the idempotency key/],
    [{ effect: 'keyed' as 'transaction' }, /effect must be "transaction" or left out, got "keyed"/],
    [{ onUnknownOutcome: 'ask' as 'fail' }, /onUnknownOutcome must be "tell_model" or "fail", got "ask"/],
    [
      { onUnknownOutcome: 'fail', annotations: { readOnlyHint: true } },
      /onUnknownOutcome is for tools .* this one is pure/,
    ],
    [{ name: 'Read-File' }, /tool "Read-File": name must match .* got "Read-File"/],
    [{ name: 'a'.repeat(65) }, /name must match/],
    [{ description: ' ' }, /description must be a text that is not empty, got " "/],
    [{ fallback: ['probe'] }, /fallback\[0\] must be another tool/],
    [{ timeoutMs: { hard: 0 } }, /timeoutMs\.hard must be milliseconds from 1 to 2147483647, got 0/],
    [{ timeoutMs: { soft: 10, hard: 10 } }, /timeoutMs\.soft must be below timeoutMs\.hard \(10\), got 10/],
    [{ timeoutMs: { hard: 2 ** 31 } }, /got 2147483648/],
    [{ retry: { maxAttempts: 1.5 } }, /retry\.maxAttempts must be a whole number from 1 to 20, got 1\.5/],
    [{ retry: { factor: 0 } }, /retry\.factor must be a number of at least 1, got 0/],
    [{ breaker: { key: '', failureThreshold: 1, openMs: 1 } }, /breaker\.key must not be empty/],
    [{ breaker: { key: 'k', failureThreshold: 0, openMs: 1 } }, /breaker\.failureThreshold .* got 0/],
    [{ concurrency: { perWorker: 0 } }, /concurrency\.perWorker .* got 0/],
    [{ inputSchema: z.string() }, /inputSchema must be a z\.object, got string/],
    [{ inputSchema: z.object({ at: z.date() }) }, /inputSchema cannot be written as JSON Schema/],
  ])('refuses %j and names the field', (more, message) => {
    expect(() => define(more)).toThrow(message);
    expect(() => define(more)).toThrow(expect.objectContaining({ name: 'ToolDefinitionError' }));
  });
});

describe('toModelTools', () => {
  it('describes the input before defaults, closed where the author did not open it', () => {
    const inputSchema = z.object({
      default: z.object({ page: z.number().default(1) }),
      any: z.looseObject({ a: z.string() }),
      both: z.intersection(z.object({ x: z.string() }), z.record(z.string(), z.unknown())),
    });
    const [described] = toModelTools([define({ inputSchema })]);
    expect(described).toMatchObject({
      name: 'probe',
      inputSchema: {
        type: 'object',
        required: ['default', 'any', 'both'],
        additionalProperties: false,
        properties: { default: { additionalProperties: false }, any: { additionalProperties: {} } },
      },
    });
    expect(described?.inputSchema).toHaveProperty('properties.both.allOf');
    expect(JSON.stringify(described?.inputSchema)).not.toContain('$schema');
    expect(JSON.stringify(described).match(/"additionalProperties":false/g)).toHaveLength(2);
  });
});
