import { isFinalEventType, toUuid } from '../../../packages/domain/src/index.ts';
import { checkEffects } from './check-effects.ts';
import { checkRequests } from './check-requests.ts';
import type { EventRecord } from './sql/tables.ts';
import type { World } from './world.ts';

/** An event as it is in the log. */
export interface Logged {
  seq: number;
  type: string;
  /** Of the row, which Postgres wrote, and of the line, which the worker wrote. */
  rowEpoch: number;
  epoch: number;
  stepId: string | undefined;
  data: Record<string, unknown>;
  line: string;
}

/** Everything that must hold once a run is over, whatever happened in it (GUARANTEES.md 4.6). Returns what does not. */
export function checkHistory(world: World): string[] {
  const { tables } = world.database;
  const problems: string[] = [];
  for (const taskId of world.history.accepted) {
    if (!tables.tasks.has(toUuid(taskId as Parameters<typeof toUuid>[0])))
      problems.push(`${taskId} was accepted and is lost`);
  }
  if (tables.tasks.size > world.history.accepted.size) problems.push('a repeated submit made a second task');
  for (const taskId of world.taskIds) {
    const id = toUuid(taskId);
    const log = toLog(tables.events.get(id) ?? []);
    const own = [...checkLog(log), ...checkCancels(world, taskId, log), ...checkTranscripts(world, taskId, log)];
    problems.push(...own.map((problem) => `${taskId}: ${problem}`));
  }
  return [...problems, ...checkEffects(world), ...checkRequests(world)];
}

export function toLog(rows: readonly EventRecord[]): Logged[] {
  return rows.flatMap((row) =>
    row.payload.split('\n').map((line, index) => {
      const parsed = JSON.parse(line) as { type: string; epoch: number; step_id?: string; data: Logged['data'] };
      const { type, epoch, data } = parsed;
      return { seq: row.first_seq + index, type, rowEpoch: row.epoch, epoch, stepId: parsed.step_id, data, line };
    }),
  );
}

function checkLog(log: readonly Logged[]): string[] {
  const problems: string[] = [];
  let run = 1;
  let finals = 0;
  for (const [index, event] of log.entries()) {
    const before = log[index - 1];
    if (event.seq !== index + 1) problems.push(`event ${index + 1} of the log has the number ${event.seq}`);
    if (event.epoch !== event.rowEpoch)
      problems.push(`${event.seq} says epoch ${event.epoch} in a row of ${event.rowEpoch}`);
    if (before && event.epoch < before.epoch)
      problems.push(`${event.seq} of epoch ${event.epoch} follows ${before.epoch}`);
    if (event.type === 'task.replayed') {
      run += 1;
      finals = 0;
    } else if (finals > 0) problems.push(`${event.type} (${event.seq}) comes after the end of run ${run}`);
    if (isFinalEventType(event.type)) finals += 1;
  }
  if (finals !== 1) problems.push(`run ${run} has ${finals} final events`);
  return [...problems, ...checkStarts(log), ...checkOnce(log), ...checkText(log)];
}

/** Every epoch begins once, with its own announcement. */
function checkStarts(log: readonly Logged[]): string[] {
  const starts = log.filter(({ type }) => type === 'task.started' || type === 'task.resumed').map(({ epoch }) => epoch);
  return new Set(starts).size === starts.length ? [] : [`an epoch began twice: ${starts.join(' ')}`];
}

/** A turn is completed once, a call is settled once; a void event does not count. */
function checkOnce(log: readonly Logged[]): string[] {
  const keys = keptOf(log)
    .filter(({ type }) => type === 'turn.completed' || type === 'tool.completed' || type === 'tool.failed')
    .map(({ type, data }) => `${type.split('.')[0]} ${String(data.tool_use_id ?? data.turn)}`);
  const twice = keys.find((key, index) => keys.indexOf(key) !== index);
  return twice === undefined ? [] : [`${twice} ended twice`];
}

function keptOf(log: readonly Logged[]): Logged[] {
  const voids = log.filter(({ type }) => type === 'turn.voided').map(({ data }) => data);
  const isVoid = (seq: number) => voids.some(({ from, to }) => Number(from) <= seq && seq <= Number(to));
  return log.filter(({ seq }) => !isVoid(seq));
}

/** What a client puts together from deltas, without what was declared void, is what the turns say they were. */
function checkText(log: readonly Logged[]): string[] {
  const kept = keptOf(log);
  const turns = kept.filter(({ type }) => type === 'turn.completed').map(({ data }) => Number(data.turn));
  const deltas = kept.filter(({ type }) => type === 'text.delta');
  const problems = deltas
    .filter(({ data }) => !turns.includes(Number(data.turn)))
    .map(({ seq }) => `the text of ${seq} belongs to no completed turn and was not declared void`);
  for (const turn of turns) {
    const text = deltas.filter(({ data }) => data.turn === turn).map(({ data }) => String(data.text));
    const whole = kept.filter(({ type, data }) => type === 'text.completed' && data.turn === turn);
    if (whole.length !== 1 || text.join('') !== whole[0]?.data.text)
      problems.push(`the text of turn ${turn} is garbled`);
  }
  return problems;
}

/** A cancel that was answered with a promise keeps it: nothing but the end of the cancelled run follows. */
function checkCancels(world: World, taskId: string, log: readonly Logged[]): string[] {
  return world.history.cancels
    .filter((cancel) => cancel.taskId === taskId && cancel.verdict !== 'final' && cancel.verdict !== 'missing')
    .flatMap(({ verdict, lastSeq }) => {
      const end = log.find(({ seq, type }) => seq >= lastSeq && isFinalEventType(type))?.type;
      const isKept = end === 'task.cancelled' || end === 'task.expired';
      return isKept ? [] : [`a cancel was answered ${verdict} at ${lastSeq}, and the run ended with ${end}`];
    });
}

/** Every reader has the log, nothing else, without what it may not see. */
function checkTranscripts(world: World, taskId: string, log: readonly Logged[]): string[] {
  return world.readers
    .filter((reader) => reader.taskId === taskId)
    .flatMap((reader) => {
      const problems: string[] = [];
      for (const [seq, frame] of reader.seen) {
        const line = log[seq - 1]?.line ?? '';
        if (!frame.endsWith(line.slice(1))) problems.push(`${reader.name} saw something else at ${seq}`);
      }
      if (reader.visibility === 'developer' && reader.seen.size !== reader.cursor) {
        problems.push(`${reader.name} saw ${reader.seen.size} of ${reader.cursor} events`);
      }
      return problems;
    });
}
