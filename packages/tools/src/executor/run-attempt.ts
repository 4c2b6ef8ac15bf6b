import type { Json } from '@nightshift/domain';
import { TimeoutError } from '@nightshift/resilience';
import type { Tool } from '../define-tool.ts';
import { createAttemptContext } from './attempt-context.ts';
import { createKeptResult } from './kept-result.ts';
import { runToolToEnd } from './run-tool-to-end.ts';
import type { ToolCallScope } from './tool-call-scope.ts';
import { toToolEvent } from './tool-event.ts';

/**
 * How one try ended. soft_stopped: past the soft timeout with something in hand. hard_timeout: nothing came back in time,
 * `byDeadline` when it was the task's time that ran out. lost: the task was cancelled or is another worker's by now.
 */
export type AttemptEnd =
  | { kind: 'returned'; value: unknown }
  | { kind: 'threw'; thrown: unknown }
  | { kind: 'soft_stopped'; softMs: number }
  | { kind: 'hard_timeout'; timeoutMs: number; byDeadline: boolean }
  | { kind: 'lost'; reason: unknown };

export interface AttemptResult {
  readonly end: AttemptEnd;
  /** What the tool had given when it ended. */
  readonly partial: Json | undefined;
}

export interface AttemptOptions {
  tool: Tool;
  input: unknown;
  scope: ToolCallScope;
  attempt: number;
  idempotencyKey: string;
  /** Time left to the task's deadline; undefined without one. */
  remainingMs: number | undefined;
}

/** From the soft timeout, or from the first partial result after it, to taking the partial result. */
export const SOFT_GRACE_MS = 2_000;

/** How long an aborted tool may tidy up before the call goes on without it. */
export const ABORT_GRACE_MS = 500;

/**
 * Runs a tool once. The first of these ends the try: the tool settles, the soft timeout finds a partial result, the hard
 * timeout, the scope's abort, a refused event. At that very moment the context closes, so that nothing a tool does later
 * can change the end or reach the log; a tool that ignores its signal is left behind after ABORT_GRACE_MS.
 */
export async function runAttempt(options: AttemptOptions): Promise<AttemptResult> {
  const { tool, scope } = options;
  if (scope.signal.aborted) return { end: { kind: 'lost', reason: scope.signal.reason }, partial: undefined };
  const stop = new AbortController();
  const soft = new AbortController();
  let settle = (_end: AttemptEnd) => {};
  const kept = createKeptResult(() => watch.onKept());
  const attempt = createAttemptContext({
    ...options,
    signal: stop.signal,
    softSignal: soft.signal,
    kept,
    onLogLost: (reason) => settle({ kind: 'lost', reason }),
  });
  const ended = new Promise<AttemptEnd>((resolve) => {
    settle = (end) => {
      attempt.close();
      resolve(end);
    };
  });
  const watch = watchTime(options, {
    soft: () => {
      scope.emit(toSoftTimeoutEvent(options, kept.current() !== undefined)).catch((reason) => {
        settle({ kind: 'lost', reason });
      });
      soft.abort(new TimeoutError(`the tool "${tool.name}"`, tool.timeoutMs.soft ?? 0));
    },
    hasPartial: () => kept.current() !== undefined,
    end: (end) => settle(end),
  });
  const onScopeAbort = () => settle({ kind: 'lost', reason: scope.signal.reason });
  scope.signal.addEventListener('abort', onScopeAbort, { once: true });

  const running = runToolToEnd(tool, options.input, attempt.context).then(
    (value) => settle({ kind: 'returned', value }),
    (thrown) => settle({ kind: 'threw', thrown }),
  );
  const end = await ended;
  const partial = kept.current();
  watch.clear();
  scope.signal.removeEventListener('abort', onScopeAbort);
  const why = toAbortReason(tool, end);
  if (end.kind !== 'returned') stop.abort(why);
  const tidied = Promise.allSettled([running, attempt.abortArtifacts(`the tool call is over: ${why.message}`)]);
  await waitAtMost(tidied, ABORT_GRACE_MS);
  return { end, partial };
}

interface TimeWatch {
  onKept(): void;
  clear(): void;
}

/** The timers of one try. */
function watchTime(
  { tool, remainingMs }: Pick<AttemptOptions, 'tool' | 'remainingMs'>,
  on: { soft(): void; hasPartial(): boolean; end(end: AttemptEnd): void },
): TimeWatch {
  const timeoutMs = Math.max(0, Math.min(tool.timeoutMs.hard, remainingMs ?? tool.timeoutMs.hard));
  const softMs = tool.timeoutMs.soft;
  let softPassed = false;
  let grace: NodeJS.Timeout | undefined;
  const startGrace = (afterMs: number) => {
    grace ??= setTimeout(() => on.end({ kind: 'soft_stopped', softMs: afterMs }), SOFT_GRACE_MS);
  };
  const byDeadline = remainingMs !== undefined && remainingMs <= tool.timeoutMs.hard;
  const hard = setTimeout(() => on.end({ kind: 'hard_timeout', timeoutMs, byDeadline }), timeoutMs);
  const soft =
    softMs === undefined || softMs >= timeoutMs
      ? undefined
      : setTimeout(() => {
          softPassed = true;
          on.soft();
          if (on.hasPartial()) startGrace(softMs);
        }, softMs);
  return {
    onKept() {
      if (softPassed && softMs !== undefined) startGrace(softMs);
    },
    clear() {
      clearTimeout(hard);
      clearTimeout(soft);
      clearTimeout(grace);
    },
  };
}

function toSoftTimeoutEvent({ tool, scope, attempt }: AttemptOptions, hasPartial: boolean) {
  const data = { tool: tool.name, attempt, after_ms: tool.timeoutMs.soft ?? 0, has_partial: hasPartial };
  return toToolEvent(scope, 'tool.timeout_soft', data);
}

function toAbortReason(tool: Tool, end: AttemptEnd): Error {
  switch (end.kind) {
    case 'hard_timeout':
      return new TimeoutError(`the tool "${tool.name}"`, end.timeoutMs);
    case 'soft_stopped':
      return new TimeoutError(`the tool "${tool.name}"`, end.softMs);
    case 'lost':
      return end.reason instanceof Error ? end.reason : new Error('the task is not run here any more');
    case 'threw':
      return new Error('the tool failed');
    case 'returned':
      return new Error('it was not closed');
  }
}

async function waitAtMost(promise: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([promise, late]);
  clearTimeout(timer);
}
