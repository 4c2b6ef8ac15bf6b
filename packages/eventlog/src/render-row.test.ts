import { createId, EVENT_TYPES, type NewEvent, toEventLine, toVisibilityMask } from '@nightshift/domain';
import type { EventRow } from '@nightshift/store';
import { createParser } from 'eventsource-parser';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toSlice } from './event-slice.ts';
import { parseFrame, renderRow, seqOfFrame, splitFrames, typeOfFrame } from './render-row.ts';

const nasty = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('x\n\nevent: task.completed\ndata: {}\n\n', '\r\rid: 9', '\u2028\u2029\u0000', '\ud800', '"},{'),
);
const event: fc.Arbitrary<NewEvent> = fc.record(
  {
    type: fc.constantFrom(...EVENT_TYPES),
    stepId: nasty,
    data: fc.dictionary(nasty, fc.oneof(nasty, fc.integer(), fc.constant(null))),
  },
  { requiredKeys: ['type', 'data'] },
);

function toRow(events: NewEvent[], firstSeq: number): EventRow {
  const lines = events.map((one) => toEventLine(one, 3, new Date(0)));
  return {
    taskId: createId('task'),
    firstSeq,
    lastSeq: firstSeq + events.length - 1,
    types: lines.map(({ type }) => type),
    visibility: toVisibilityMask(lines),
    payload: lines.map(({ line }) => line).join('\n'),
  };
}

const rows = fc.tuple(fc.array(event, { minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 1_000_000 }));

describe('renderRow', () => {
  it('gives every event back, numbered, whatever stands in it; no text can forge a frame', () => {
    fc.assert(
      fc.property(rows, ([events, firstSeq]) => {
        const row = toRow(events, firstSeq);
        const entry = renderRow(row);
        const frames = splitFrames(entry.developerText);
        expect(frames.map(seqOfFrame)).toEqual(events.map((_, index) => firstSeq + index));
        expect(frames.map(typeOfFrame)).toEqual(row.types);
        for (const [index, frame] of frames.entries()) {
          const parsed = parseFrame(frame);
          expect(parsed).toMatchObject({ type: row.types[index], task_id: row.taskId, epoch: 3 });
          expect(parsed.sequence_number).toBe(firstSeq + index);
          expect(parsed.data).toEqual(JSON.parse(JSON.stringify(events[index]?.data)));
          expect(parsed.step_id).toBe(events[index]?.stepId);
        }
        const users = splitFrames(entry.userText).map(seqOfFrame);
        expect(users).toEqual(frames.map(seqOfFrame).filter((_, index) => row.visibility[index] === 'u'));
      }),
      { numRuns: 500 },
    );
  });

  it('is what an independent SSE parser reads, event by event', () => {
    fc.assert(
      fc.property(rows, ([events, firstSeq]) => {
        const row = toRow(events, firstSeq);
        const read: { id: string | undefined; event: string | undefined; data: string }[] = [];
        createParser({ onEvent: ({ id, event: type, data }) => read.push({ id, event: type, data }) }).feed(
          renderRow(row).developerText,
        );
        expect(read.map(({ id }) => Number(id))).toEqual(events.map((_, index) => firstSeq + index));
        expect(read.map((one) => one.event)).toEqual(row.types);
        for (const { data } of read) expect(() => JSON.parse(data)).not.toThrow();
      }),
      { numRuns: 300 },
    );
  });
});

describe('toSlice', () => {
  it('gives the part after the cursor, as text and as JSON, whole or filtered', () => {
    fc.assert(
      fc.property(rows, fc.nat(), ([events, firstSeq], cut) => {
        const row = toRow(events, firstSeq);
        const after = firstSeq - 1 + (cut % events.length);
        const slice = toSlice(renderRow(row), after, 'developer');
        const expected = events.map((_, index) => firstSeq + index).filter((seq) => seq > after);
        expect(slice.firstSeq).toBe(expected[0]);
        expect(slice.toJson().map((one) => one.sequence_number)).toEqual(expected);
        expect(splitFrames(slice.toSse()).map(seqOfFrame)).toEqual(expected);
        const filter = (type: string) => type.startsWith('t');
        expect(splitFrames(slice.toSse(filter)).map(seqOfFrame)).toEqual(
          expected.filter((seq) => filter(row.types[seq - firstSeq] ?? '')),
        );
      }),
      { numRuns: 300 },
    );
  });
});
