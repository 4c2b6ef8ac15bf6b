export { createEventHub, type EventHub } from './event-hub.ts';
export type { EventSlice, TypeFilter } from './event-slice.ts';
export { createFlusher, type Flusher } from './flusher.ts';
export type { FollowOptions } from './follow-task.ts';
export { FencedError, WriteRefusedError } from './log-errors.ts';
export { createPublisher, type Publisher } from './publisher.ts';
export type { LogGap } from './read-log.ts';
export { renderRow, type WireEvent } from './render-row.ts';
export { TaskLog, type TaskWrite } from './task-log.ts';
