import type { ReceivedFrame } from '../../support/event-stream.ts';

/**
 * What one client was given of one finished task, whatever happened meanwhile. Returns what is wrong with it: numbers that
 * are not dense (I14), epochs that go back (I5), anything after a final event but a replay (I4), a turn that is not
 * declared void before another begins (I15), a step that is settled twice or begun after it was settled (I7).
 */
export function checkTranscript(taskId: string, frames: readonly ReceivedFrame[]): string[] {
  return [
    ...checkNumbers(frames),
    ...checkEpochs(frames),
    ...checkEnd(frames),
    ...checkTurns(frames),
    ...checkCalls(frames),
  ].map((problem) => `${taskId}: ${problem}`);
}

const FINAL = /^task\.(?:completed|failed|cancelled|expired)$/;

function checkNumbers(frames: readonly ReceivedFrame[]): string[] {
  const wrong = frames.findIndex((frame, index) => frame.id !== index + 1 || frame.data.sequence_number !== index + 1);
  if (wrong < 0) return [];
  const around = frames.slice(Math.max(0, wrong - 3), wrong + 3).map((frame) => frame.id);
  return [`events are lost or repeated at ${wrong + 1}: ${around.join(' ')}`];
}

function checkEpochs(frames: readonly ReceivedFrame[]): string[] {
  const problems: string[] = [];
  let latest = 0;
  for (const { id, type, data } of frames) {
    const epoch = data.epoch ?? 0;
    if (epoch < latest) problems.push(`${type} at ${id} is of epoch ${epoch} after one of ${latest}`);
    latest = Math.max(latest, epoch);
  }
  return problems;
}

function checkEnd(frames: readonly ReceivedFrame[]): string[] {
  const problems: string[] = [];
  if (!FINAL.test(frames.at(-1)?.type ?? '')) problems.push(`ends with ${frames.at(-1)?.type ?? 'nothing'}`);
  frames.forEach((frame, index) => {
    const next = frames[index + 1];
    if (FINAL.test(frame.type) && next && next.type !== 'task.replayed') {
      problems.push(`${next.type} at ${next.id} after ${frame.type}`);
    }
  });
  return problems;
}

function checkTurns(frames: readonly ReceivedFrame[]): string[] {
  const problems: string[] = [];
  let open: { seq: number; turn: unknown; text: Map<unknown, string> } | undefined;
  for (const { id, type, data } of frames) {
    const fields = data.data ?? {};
    if (type === 'turn.started') {
      if (open) problems.push(`turn begun at ${id} while the one begun at ${open.seq} is neither complete nor void`);
      open = { seq: id, turn: fields.turn, text: new Map() };
    } else if (type === 'turn.completed') {
      if (open?.turn !== fields.turn) problems.push(`turn ${fields.turn} completed at ${id} without its beginning`);
      open = undefined;
    } else if (type === 'turn.voided') {
      if (open?.seq !== fields.from) problems.push(`void from ${fields.from} at ${id}, the turn began at ${open?.seq}`);
      if (Number(fields.to) >= id) problems.push(`void to ${fields.to}, announced at ${id}`);
      open = undefined;
    } else if (type === 'text.delta' || type === 'text.completed') {
      if (!open) problems.push(`${type} at ${id} outside of a turn`);
      else if (type === 'text.delta') open.text.set(fields.block, (open.text.get(fields.block) ?? '') + fields.text);
      else if (open.text.get(fields.block) !== fields.text)
        problems.push(`the text at ${id} is not that of its deltas`);
    } else if (FINAL.test(type) && open) {
      problems.push(`${type} at ${id} while the turn begun at ${open.seq} is open`);
    }
  }
  return problems;
}

function checkCalls(frames: readonly ReceivedFrame[]): string[] {
  const problems: string[] = [];
  const settled = new Map<string, number>();
  const completed = new Set<unknown>();
  for (const { id, type, data } of frames) {
    const { tool_use_id: call, turn } = data.data ?? {};
    if (type === 'turn.completed') {
      if (completed.has(turn)) problems.push(`turn ${turn} completed again at ${id}`);
      completed.add(turn);
    }
    if (typeof call !== 'string' || !type.startsWith('tool.')) continue;
    const before = settled.get(call);
    if (before !== undefined) problems.push(`${type} of ${call} at ${id}, which was settled at ${before}`);
    if (type === 'tool.completed' || type === 'tool.failed') settled.set(call, id);
  }
  return problems;
}
