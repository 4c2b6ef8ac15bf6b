import { isRecord } from '../http/is-record.ts';
import type { BatchView } from './batch-view.ts';
import type { TaskResult } from './task-result.ts';
import { TASK_STATUSES, type TaskFailure, type TaskStatus, type TaskView } from './task-view.ts';

/** An answer of the API that is not what API.md says. */
export class UnexpectedAnswerError extends Error {
  override readonly name = 'UnexpectedAnswerError';
}

/** Reads a batch resource. */
export function parseBatch(body: unknown): Omit<BatchView, 'tasks'> {
  const batch = requireRecord(body, 'a batch');
  const raw = requireRecord(batch.request_counts, 'the counts of a batch');
  const counts = Object.fromEntries(TASK_STATUSES.map((status) => [status, readNumber(raw[status]) ?? 0]));
  return {
    id: requireText(batch.id, 'the id of a batch'),
    total: readNumber(raw.total) ?? 0,
    counts: counts as Record<TaskStatus, number>,
  };
}

/** Reads a page of items: the raw entries, and the `after` of the next page, when there is one. */
export function parsePage(body: unknown): { entries: unknown[]; next: number | undefined } {
  const page = requireRecord(body, 'a list');
  if (!Array.isArray(page.data)) throw new UnexpectedAnswerError('the API answered a list without data');
  return { entries: page.data, next: page.has_more === true ? readNumber(page.next_after) : undefined };
}

/** Reads an item of a batch. */
export function parseTask(entry: unknown): TaskView {
  const task = requireRecord(entry, 'a task');
  const progress = isRecord(task.progress) ? task.progress : {};
  return {
    ...parseNames(task),
    status: parseStatus(task.status),
    waitingFor: readText(task.waiting_for),
    turn: readNumber(progress.turn),
    tool: readText(progress.tool),
    startedAtMs: readTime(task.started_at),
    finishedAtMs: readTime(task.finished_at),
    failure: parseFailure(task.failure),
  };
}

/** Reads a line of the results of a batch. */
export function parseTaskResult(entry: unknown): TaskResult {
  const task = requireRecord(entry, 'a result');
  const artifacts = Array.isArray(task.artifacts) ? task.artifacts.filter(isRecord) : [];
  const audio = artifacts.find(
    ({ media_type, usable }) => usable === true && readText(media_type)?.startsWith('audio/') === true,
  );
  return {
    ...parseNames(task),
    status: parseStatus(task.status),
    result: task.result ?? undefined,
    failure: parseFailure(task.failure),
    audioId: readText(audio?.id),
  };
}

function parseNames(task: Record<string, unknown>): { id: string; customId: string } {
  const id = requireText(task.task_id, 'the id of a task');
  return { id, customId: readText(task.custom_id) ?? id };
}

function parseFailure(value: unknown): TaskFailure | undefined {
  if (!isRecord(value)) return undefined;
  return { code: readText(value.code) ?? 'unknown', message: readText(value.message) ?? '' };
}

/** Reads an uploaded file; `fallback` is the media type when the answer has none. */
export function parseFile(body: unknown, fallback: string): { fileId: string; mediaType: string } {
  const file = requireRecord(body, 'a file');
  return { fileId: requireText(file.id, 'the id of a file'), mediaType: readText(file.media_type) ?? fallback };
}

function parseStatus(value: unknown): TaskStatus {
  const status = TASK_STATUSES.find((known) => known === value);
  if (status === undefined) throw new UnexpectedAnswerError(`the API answered an unknown status: ${String(value)}`);
  return status;
}

function requireRecord(value: unknown, what: string): Record<string, unknown> {
  if (!isRecord(value)) throw new UnexpectedAnswerError(`the API answered something else than ${what}`);
  return value;
}

function requireText(value: unknown, what: string): string {
  if (typeof value !== 'string' || value === '') throw new UnexpectedAnswerError(`the API answered without ${what}`);
  return value;
}

function readText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function readNumber(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function readTime(value: unknown): number | undefined {
  const timeMs = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(timeMs) ? undefined : timeMs;
}
