import type { Fault, RunningBatch } from './lab/run-batch-under-fault.ts';
import type { Lab } from './lab/start-lab.ts';

const wait = (forMs: number) => new Promise((resolve) => setTimeout(resolve, forMs));

/** Every kind of byte that a stream of the model can end at: what is looked for in the reply, and how far into it. */
const CUTS: readonly { kind: string; marker: string; offset: number }[] = [
  { kind: 'in the status line', marker: 'HTTP/1.1 200', offset: 6 },
  { kind: 'in the headers', marker: 'content-type: text/event-stream', offset: 20 },
  { kind: 'after the headers', marker: '\r\n\r\n', offset: 4 },
  { kind: 'in the name of an event', marker: 'event: content_block_delta', offset: 12 },
  { kind: 'in a character of two bytes', marker: 'ü', offset: 1 },
  { kind: 'in a character of three bytes', marker: '夜', offset: 2 },
  { kind: 'in a character of four bytes', marker: '🌙', offset: 2 },
  { kind: 'in the name of a tool', marker: '"name":"effect_', offset: 11 },
  { kind: 'in the input of a tool', marker: '"partial_json":"', offset: 18 },
  { kind: 'between two frames', marker: 'event: content_block_stop', offset: 0 },
  { kind: 'after the stop reason', marker: '"stop_reason":"tool_use"', offset: 24 },
  { kind: 'before the end of the message', marker: 'event: message_stop', offset: 0 },
];

/** What may come from the model, or not come. No tool runs for half a message, no turn counts that has no end. */
export const MODEL_FAULTS: readonly Fault[] = [
  {
    ids: 'F54 F55',
    name: 'streams of the model cut at every kind of byte',
    inSample: true,
    inject: (lab, batch) => cutEverywhere(lab, batch, 'rst', CUTS),
  },
  {
    ids: 'F54',
    name: 'streams of the model that just end, at every kind of byte',
    inject: (lab, batch) => cutEverywhere(lab, batch, 'fin', CUTS),
  },
  ...CUTS.map(({ kind, ...cut }): Fault => {
    return {
      ids: 'F54 F55',
      name: `two streams cut ${kind}`,
      inject: (lab, batch) =>
        cutEverywhere(lab, batch, 'rst', [
          { kind, ...cut },
          { kind, ...cut },
        ]),
    };
  }),
  {
    ids: 'F56',
    name: 'an error in the middle of streams, then 529 and 429',
    async inject(lab) {
      const overloaded = { errorType: 'overloaded_error' };
      let count = 0;
      lab.model.script.set(async (request, info) => {
        count += 1;
        if (count % 3 === 1 || count > 18) return lab.script(request, info);
        if (count % 6 === 2) return { type: 'error', status: 529 };
        if (count % 6 === 3) return { type: 'error', status: 429, headers: { 'retry-after': '1' } };
        const answer = await lab.script(request, info);
        if (answer?.type !== 'message') return answer;
        return { ...answer, delivery: { errorEvent: { ...overloaded, afterEvents: 4 } } };
      });
      await wait(2_500);
    },
  },
  {
    ids: 'F55',
    name: 'the model unreachable for two seconds',
    async inject(lab) {
      lab.between.model.refuse();
      lab.between.model.cut();
      await wait(2_000);
    },
  },
  {
    ids: 'F58',
    name: 'a line to the model of 4 KB/s',
    async inject(lab) {
      lab.between.model.throttle(4_000);
      await wait(3_000);
    },
  },
];

/** Cuts one stream after the other, until each kind was met or the batch has nothing more of it. */
async function cutEverywhere(
  lab: Lab,
  batch: RunningBatch,
  by: 'fin' | 'rst',
  cuts: readonly (typeof CUTS)[number][],
): Promise<void> {
  let count = 0;
  const deadline = performance.now() + 6_000;
  for (const { marker, offset } of cuts) {
    const sprung = lab.between.model.cutReplyAt(marker, { offset, by }).then(() => true);
    const leftMs = deadline - performance.now();
    if (!(await Promise.race([sprung, wait(leftMs).then(() => false)]))) break;
    count += 1;
    // Five failures in a row would open the breaker, and then no stream is there to be cut.
    await Promise.race([batch.next('turn.completed').catch(() => undefined), wait(1_000)]);
  }
  if (count === 0) throw new Error('no stream was cut');
}
