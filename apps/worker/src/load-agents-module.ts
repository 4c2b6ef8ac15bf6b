import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Agent } from '@nightshift/agent';
import { messageOf } from '@nightshift/domain';
import type { Tool } from '@nightshift/tools';
import { ConfigError } from './config.ts';

/** What a module of `NIGHTSHIFT_AGENTS_MODULE` exports as `createAgents`. */
export type CreateAgents = (options: {
  /** The tools that exist already; an agent may be granted any of them. */
  tools: readonly Tool[];
  /** Models in order, as the settings say. */
  models: readonly string[];
}) => { agents: readonly Agent[]; tools: readonly Tool[] };

/**
 * Loads the module that adds agents and tools of the operator to the built-in ones: plain JavaScript, run with all rights of
 * the worker.
 * @throws ConfigError when it cannot be loaded, or exports no function `createAgents`
 */
export async function loadAgentsModule(file: string): Promise<CreateAgents> {
  const loaded = (await import(pathToFileURL(path.resolve(file)).href).catch((error: unknown) => {
    throw new ConfigError([`NIGHTSHIFT_AGENTS_MODULE cannot be loaded: ${messageOf(error)}`]);
  })) as { createAgents?: unknown };
  if (typeof loaded.createAgents !== 'function') {
    throw new ConfigError([`NIGHTSHIFT_AGENTS_MODULE must export a function createAgents: ${file}`]);
  }
  return loaded.createAgents as CreateAgents;
}

/**
 * The built-in agents and tools with those of a module.
 * @throws ConfigError when the module fails, returns something else, or takes a name twice
 */
export function addAgents(
  builtIn: { agents: readonly Agent[]; tools: readonly Tool[] },
  create: CreateAgents,
  models: readonly string[],
): { agents: readonly Agent[]; tools: readonly Tool[] } {
  const added = callModule(create, { tools: builtIn.tools, models });
  const agents = [...builtIn.agents, ...added.agents];
  const tools = [...builtIn.tools, ...added.tools];
  const problems = [...findTwice('agent', agents), ...findTwice('tool', tools)];
  if (problems.length > 0) throw new ConfigError(problems);
  return { agents, tools };
}

function callModule(create: CreateAgents, options: Parameters<CreateAgents>[0]): ReturnType<CreateAgents> {
  let added: unknown;
  try {
    added = create(options);
  } catch (error) {
    throw new ConfigError([`NIGHTSHIFT_AGENTS_MODULE failed: ${messageOf(error)}`]);
  }
  const { agents, tools } = (added ?? {}) as { agents?: unknown; tools?: unknown };
  if (!Array.isArray(agents) || !Array.isArray(tools)) {
    throw new ConfigError(['NIGHTSHIFT_AGENTS_MODULE: createAgents must return { agents: [], tools: [] }']);
  }
  return { agents, tools };
}

function findTwice(kind: string, named: readonly { name: string }[]): string[] {
  const names = named.map(({ name }) => name);
  const twice = new Set(names.filter((name, index) => names.indexOf(name) !== index));
  return [...twice].map((name) => `NIGHTSHIFT_AGENTS_MODULE: there is another ${kind} "${name}" already`);
}
