import { defineTool } from '@nightshift/tools';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineAgent } from './define-agent.ts';

const tool = defineTool({
  name: 'act',
  description: 'acts',
  version: '1',
  inputSchema: z.object({}),
  outputSchema: z.unknown(),
  execute: async () => 1,
});
const valid = {
  name: 'tester',
  version: '1',
  model: 'm',
  instructions: '',
  tools: [tool],
  inputSchema: z.unknown(),
  toPrompt: () => '',
};

describe('defineAgent', () => {
  it('fills in what was left out', () => {
    expect(defineAgent(valid)).toMatchObject({ models: ['m'], parallelTools: 4, contextUtilization: 0.85 });
    expect(defineAgent({ ...valid, model: ['a', 'b'] }).models).toEqual(['a', 'b']);
  });

  it.each([
    [{ name: 'Tester' }, /agent name "Tester"/],
    [{ model: [] }, /at least one model/],
    [{ tools: [tool, tool] }, /"act" twice/],
  ])('refuses %j and names the field', (wrong, message) => {
    expect(() => defineAgent({ ...valid, ...wrong })).toThrow(message);
  });
});
