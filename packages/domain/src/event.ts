import type { Json } from './json.ts';

/**
 * Every type of event a task's log can hold (API.md 3). The same strings in the stream, the audit log and the metrics.
 * Readers must skip types they do not know.
 */
export const EVENT_TYPES = [
  'task.queued',
  'task.started',
  'task.waiting',
  'task.resumed',
  'task.cancel_requested',
  'task.completed',
  'task.failed',
  'task.cancelled',
  'task.expired',
  'task.replayed',
  'task.progress',
  'turn.started',
  'turn.completed',
  'turn.voided',
  'text.delta',
  'text.completed',
  'thinking.delta',
  'thinking.completed',
  'tool.requested',
  'tool.gated',
  'tool.started',
  'tool.progress',
  'tool.chunk',
  'tool.retry',
  'tool.timeout_soft',
  'tool.timeout_hard',
  'tool.fallback',
  'tool.cached',
  'tool.breaker_opened',
  'tool.completed',
  'tool.output',
  'tool.failed',
  'artifact.started',
  'artifact.chunk',
  'artifact.completed',
  'artifact.aborted',
  'input.requested',
  'input.received',
  'budget.warning',
  'budget.reached',
  'context.budget',
  'context.truncated',
  'context.pruned',
  'model.retry',
  'model.fallback',
  'model.breaker_opened',
  'speech.started',
  'speech.audio',
  'speech.ended',
  'music.started',
  'music.audio',
  'music.ended',
  'log',
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

export function isEventType(text: string): text is EventType {
  return (EVENT_TYPES as readonly string[]).includes(text);
}

/** Final events end a run; a replay continues the same sequence after them. */
export const FINAL_EVENT_TYPES = [
  'task.completed',
  'task.failed',
  'task.cancelled',
  'task.expired',
] as const satisfies readonly EventType[];

export function isFinalEventType(type: string): boolean {
  return (FINAL_EVENT_TYPES as readonly string[]).includes(type);
}

/** Who sees an event: everybody who may read the task, or only readers with the scope `tasks:debug`. */
export type Visibility = 'user' | 'developer';

/** Types that are for developers however they are emitted (API.md 3). */
const DEVELOPER_EVENT_TYPES: ReadonlySet<EventType> = new Set<EventType>([
  'thinking.delta',
  'thinking.completed',
  'tool.requested',
  'tool.gated',
  'tool.output',
  'tool.retry',
  'tool.fallback',
  'tool.cached',
  'tool.breaker_opened',
  'model.retry',
  'model.fallback',
  'model.breaker_opened',
  'context.budget',
  'context.truncated',
  'context.pruned',
  'log',
]);

export function visibilityOf(type: EventType): Visibility {
  return DEVELOPER_EVENT_TYPES.has(type) ? 'developer' : 'user';
}

/** An event before the log gave it a number. `data` is whatever its type says (docs/protocol.md). */
export interface NewEvent {
  type: EventType;
  /** Developer-only types stay developer-only whatever is asked here. */
  visibility?: Visibility;
  stepId?: string;
  data: { [key: string]: Json | undefined };
}
