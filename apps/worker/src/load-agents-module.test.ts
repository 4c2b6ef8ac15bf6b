import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addAgents, type CreateAgents, loadAgentsModule } from './load-agents-module.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'nightshift-agents-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function load(name: string, source: string): Promise<CreateAgents> {
  const file = path.join(folder, `${name}.mjs`);
  await writeFile(file, source);
  return loadAgentsModule(file);
}

const BUILT_IN = { agents: [{ name: 'composer' }], tools: [{ name: 'speak' }] } as unknown as Parameters<
  typeof addAgents
>[0];

describe('loadAgentsModule', () => {
  it('refuses a module that is not there, one that throws, and one without createAgents', async () => {
    await expect(loadAgentsModule(path.join(folder, 'none.mjs'))).rejects.toThrow(/cannot be loaded/);
    await expect(load('broken', 'throw new Error("no luck");')).rejects.toThrow(/cannot be loaded: no luck/);
    await expect(load('other', 'export const agents = [];')).rejects.toThrow(/must export a function createAgents/);
  });
});

describe('addAgents', () => {
  it('adds what the module makes of the tools and models that exist', async () => {
    const create = await load(
      'good',
      'export const createAgents = ({ tools, models }) => ({ agents: [{ name: tools[0].name + models[0] }], tools: [{ name: "mine" }] });',
    );
    const { agents, tools } = addAgents(BUILT_IN, create, ['m']);
    expect(agents.map((agent) => agent.name)).toEqual(['composer', 'speakm']);
    expect(tools.map((tool) => tool.name)).toEqual(['speak', 'mine']);
  });

  it('refuses names that exist, all of them at once', async () => {
    const create = await load(
      'twice',
      'export const createAgents = () => ({ agents: [{ name: "composer" }], tools: [{ name: "speak" }] });',
    );
    expect(() => addAgents(BUILT_IN, create, [])).toThrow(/agent "composer".*\n.*tool "speak"/);
  });

  it('refuses a createAgents that fails or returns something else', async () => {
    const failing = await load('failing', 'export const createAgents = () => { throw new Error("no luck"); };');
    expect(() => addAgents(BUILT_IN, failing, [])).toThrow(/failed: no luck/);
    const empty = await load('empty', 'export const createAgents = () => undefined;');
    expect(() => addAgents(BUILT_IN, empty, [])).toThrow(/must return/);
  });
});
