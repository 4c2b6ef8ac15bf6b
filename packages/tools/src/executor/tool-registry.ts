import { EFFECT_CLASSES, type EffectClass } from '@nightshift/domain';
import { createSemaphore, type Semaphore } from '@nightshift/resilience';
import type { Tool } from '../define-tool.ts';
import { ToolDefinitionError } from '../errors/tool-definition-error.ts';

/** The tools of a worker process by name, and their slots. */
export interface ToolRegistry {
  get(name: string): Tool | undefined;
  list(): readonly Tool[];
  /** The tool itself, then every fallback in the order in which they are tried, each once. */
  fallbackChain(tool: Tool): readonly Tool[];
  /**
   * Waits for one of the tool's slots (`concurrency.perWorker`); the caller gives it back by calling the result. Rejects
   * with the signal's reason on abort.
   */
  acquireSlot(tool: Tool, signal: AbortSignal): Promise<() => void>;
}

/**
 * Puts tools together. Throws a ToolDefinitionError for a duplicate name, a fallback that does not exist, a cycle of
 * fallbacks, and a fallback less safe to repeat than the tool it stands in for: after a crash the agent decides by the
 * effect class of the tool that was called whether the call may run again.
 */
export function createToolRegistry(tools: readonly Tool[]): ToolRegistry {
  const byName = new Map<string, Tool>();
  for (const tool of tools) {
    if (byName.has(tool.name)) throw new ToolDefinitionError(tool.name, 'name', 'is used by two tools');
    byName.set(tool.name, tool);
  }
  const chains = new Map(tools.map((tool) => [tool.name, toFallbackChain(byName, tool)]));
  const slots = new Map<string, Semaphore>();
  for (const { name, concurrency } of tools) {
    if (concurrency) slots.set(name, createSemaphore(concurrency.perWorker));
  }
  return {
    get: (name) => byName.get(name),
    list: () => [...byName.values()],
    fallbackChain: (tool) => chains.get(tool.name) ?? [tool],
    acquireSlot: async (tool, signal) => {
      const semaphore = slots.get(tool.name);
      return semaphore ? semaphore.acquire(signal) : () => {};
    },
  };
}

function toFallbackChain(byName: ReadonlyMap<string, Tool>, first: Tool): Tool[] {
  const chain: Tool[] = [];
  const visit = (tool: Tool, path: readonly string[]) => {
    if (path.includes(tool.name)) {
      throw new ToolDefinitionError(first.name, 'fallback', `runs in a circle: ${[...path, tool.name].join(' -> ')}`);
    }
    if (!chain.includes(tool)) chain.push(tool);
    for (const name of tool.fallback) {
      const next = byName.get(name);
      if (!next) throw new ToolDefinitionError(tool.name, 'fallback', `names "${name}", which is not a tool`);
      if (toRisk(next.effectClass) > toRisk(first.effectClass)) {
        const classes = `"${name}" is ${next.effectClass} while this tool is ${first.effectClass}`;
        throw new ToolDefinitionError(first.name, 'fallback', `must not be less safe to repeat: ${classes}`);
      }
      if (first.effectClass === 'verifiable' && next.effectClass !== 'pure') {
        const problem = `must be read-only: the verify of this tool knows nothing of what "${name}" did`;
        throw new ToolDefinitionError(first.name, 'fallback', problem);
      }
      visit(next, [...path, tool.name]);
    }
  };
  visit(first, []);
  return chain;
}

function toRisk(effectClass: EffectClass): number {
  return EFFECT_CLASSES.indexOf(effectClass);
}
