import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { checkAnswer } from './check-answer.ts';
import { defineAgent } from './define-agent.ts';

function createAgent(outputSchema?: z.ZodType) {
  return defineAgent({
    name: 'tester',
    version: '1',
    model: 'm',
    instructions: '',
    tools: [],
    inputSchema: z.unknown(),
    toPrompt: () => '',
    ...(outputSchema ? { outputSchema } : {}),
  });
}

function check(text: string, outputSchema?: z.ZodType) {
  const record = { model: 'm', stop_reason: 'end_turn' as const, blocks: [{ type: 'text', text }] };
  return checkAnswer(createAgent(outputSchema), record);
}

const schema = z.object({ title: z.string(), pages: z.number().default(1) });

describe('checkAnswer', () => {
  it('takes the text as it is without an output schema', () => {
    expect(check(' anything ')).toEqual({ kind: 'valid', result: { text: 'anything' } });
  });

  it.each([
    ['alone', '{"title":"A","pages":2}'],
    ['in a fenced block', 'Here you are:\n```json\n{"title":"A","pages":2}\n```\nGood luck.'],
    ['in a sentence', 'The answer is {"title":"A","pages":2}.'],
  ])('finds the object %s', (_, text) => {
    expect(check(text, schema)).toEqual({ kind: 'valid', result: { title: 'A', pages: 2 } });
  });

  it('gives the result as the schema makes it', () => {
    expect(check('{"title":"A","more":1}', schema)).toEqual({ kind: 'valid', result: { title: 'A', pages: 1 } });
  });

  it.each([
    ['', 'it is not a JSON object'],
    ['[1]', 'it is not a JSON object'],
    ['{"title":', 'it is not a JSON object'],
    [`${'{"a":'.repeat(500)}1${'}'.repeat(500)}`, 'it is not a JSON object'],
  ])('says of %j that it is no object', (text, problem) => {
    expect(check(text, schema)).toEqual({ kind: 'invalid', problem });
  });

  it('names the fields that do not fit, at most ten of them', () => {
    const many = z.object(Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`f${n}`, z.string()])));
    const answer = check('{}', many);
    expect(answer.kind === 'invalid' && answer.problem.split(';')).toHaveLength(10);
    expect(answer.kind === 'invalid' && answer.problem).toMatch(/^f0: .*string/);
  });
});
