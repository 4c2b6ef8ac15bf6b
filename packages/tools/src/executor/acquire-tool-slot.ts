import type { Tool } from '../define-tool.ts';
import { remainingMsOf, type ToolRun } from './tool-run.ts';

const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Waits for one of the tool's slots, no longer than the task may live. The caller gives it back. Rejects with the reason
 * when the scope aborts; the one wait that is not counted as the tool's own time.
 */
export async function acquireToolSlot(run: ToolRun, tool: Tool): Promise<(() => void) | 'deadline'> {
  const { registry } = run.deps;
  const { signal } = run.scope;
  const remainingMs = remainingMsOf(run);
  if (remainingMs === undefined) return registry.acquireSlot(tool, signal);
  if (remainingMs <= 0) return 'deadline';
  const giveUp = new AbortController();
  const onAbort = () => giveUp.abort(signal.reason);
  const timer = setTimeout(() => giveUp.abort(DEADLINE), Math.min(remainingMs, MAX_TIMER_MS));
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await registry.acquireSlot(tool, giveUp.signal);
  } catch (reason) {
    if (reason === DEADLINE) return 'deadline';
    throw reason;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

const DEADLINE = Symbol('deadline');
