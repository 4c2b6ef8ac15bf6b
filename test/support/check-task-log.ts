import { expect } from 'vitest';
import { type TaskId, toUuid } from '../../packages/domain/src/index.ts';
import type { Pool } from '../../packages/store/src/index.ts';
import type { ReceivedFrame } from './event-stream.ts';

interface LogRow {
  first_seq: number;
  last_seq: number;
  epoch: number;
  types: string[];
  payload: string;
}

/**
 * What must hold for a client that saw the whole log of a finished task, whatever was killed meanwhile: dense numbers, no
 * repeat, one final event at the end, exactly what Postgres has, epochs that never go back, and no tool call settled twice.
 */
export async function checkTaskLog(pool: Pool, taskId: string, frames: readonly ReceivedFrame[]): Promise<void> {
  expect(frames.map((frame) => frame.id)).toEqual(frames.map((_, index) => index + 1));
  expect(frames.map((frame) => frame.data.sequence_number)).toEqual(frames.map((frame) => frame.id));
  const { rows } = await pool.query<LogRow>(
    'select first_seq, last_seq, epoch, types, payload from task_events where task_id = $1 order by last_seq',
    [toUuid(taskId as TaskId)],
  );
  expect(frames.map((frame) => frame.type)).toEqual(rows.flatMap((row) => row.types));
  const finals = frames.filter((frame) => /^task\.(completed|failed|cancelled|expired)$/.test(frame.type));
  expect(finals).toHaveLength(1);
  expect(frames.at(-1)).toBe(finals[0]);
  const epochs = frames.map((frame) => frame.data.epoch ?? 0);
  expect(epochs).toEqual([...epochs].sort((a, b) => a - b));
  const settled = frames
    .filter((frame) => frame.type === 'tool.completed' || frame.type === 'tool.failed')
    .map((frame) => String(frame.data.data?.tool_use_id));
  expect(new Set(settled).size).toBe(settled.length);
}

/** Text as a client ends up with it that drops what was declared void. */
export function toKeptText(frames: readonly ReceivedFrame[]): string {
  const voids = frames.filter((frame) => frame.type === 'turn.voided').map((frame) => frame.data.data ?? {});
  const isVoid = (seq: number) => voids.some((range) => Number(range.from) <= seq && seq <= Number(range.to));
  return frames
    .filter((frame) => frame.type === 'text.delta' && !isVoid(frame.id))
    .map((frame) => String(frame.data.data?.text))
    .join('');
}
