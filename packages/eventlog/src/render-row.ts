import { isFinalEventType, type JsonObject, type TaskId } from '@nightshift/domain';
import type { EventRow } from '@nightshift/store';
import type { StreamEntry } from '@nightshift/streams';

/** An event as clients get it (API.md 3). */
export interface WireEvent {
  type: string;
  sequence_number: number;
  task_id: TaskId;
  epoch: number;
  step_id?: string;
  created_at: string;
  data: JsonObject;
}

/**
 * Renders a row of the log as SSE text, once per visibility. The one place where events become text: Redis stores and
 * live readers send what this returns. A stored line begins with `{"type":`, so the number and the task go in front of
 * it without parsing; JSON text has no raw newline, so nothing inside can forge a frame.
 */
export function renderRow(row: EventRow): StreamEntry {
  const lines = row.payload.split('\n');
  const isForAll = !row.visibility.includes('d');
  let userText = '';
  let developerText = '';
  for (let i = 0; i < lines.length; i++) {
    const seq = row.firstSeq + i;
    const frame = `id: ${seq}\nevent: ${row.types[i]}\ndata: {"sequence_number":${seq},"task_id":"${row.taskId}",${lines[i]?.slice(1)}\n\n`;
    developerText += frame;
    if (!isForAll && row.visibility[i] !== 'd') userText += frame;
  }
  return {
    firstSeq: row.firstSeq,
    lastSeq: row.lastSeq,
    final: isFinalEventType(row.types.at(-1) ?? ''),
    userText: isForAll ? developerText : userText, // one text in memory, not two that are equal
    developerText,
  };
}

/** The frames of rendered text, one per event. */
export function splitFrames(text: string): string[] {
  return text === '' ? [] : text.slice(0, -2).split('\n\n');
}

const DATA = '\ndata: ';

/** The event in a frame. */
export function parseFrame(frame: string): WireEvent {
  return JSON.parse(frame.slice(frame.indexOf(DATA) + DATA.length)) as WireEvent;
}

/** The sequence number of a frame. */
export function seqOfFrame(frame: string): number {
  return Number(frame.slice('id: '.length, frame.indexOf('\n')));
}

/** The type of the event in a frame. */
export function typeOfFrame(frame: string): string {
  const start = frame.indexOf('\nevent: ') + '\nevent: '.length;
  return frame.slice(start, frame.indexOf('\n', start));
}
