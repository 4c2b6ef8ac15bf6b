import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkTaskLog, toKeptText } from '../support/check-task-log.ts';
import { watchTask } from '../support/event-stream.ts';
import { createSampleDocument } from '../support/sample-document.ts';
import { chooseSeed, createSeededRandom } from '../support/seeded-random.ts';
import { type System, startSystem } from '../support/start-system.ts';

const CUTS = 200;
const TASKS = 10;

let system: System;
beforeAll(async () => {
  system = await startSystem({ workers: 1, model: { streamDelayMs: 5 } });
});
afterAll(async () => {
  await system?.stop();
});

describe('a client that is cut at random points', () => {
  it('gets every event exactly once, in order, by reconnecting with its last id', async () => {
    const random = createSeededRandom(chooseSeed());
    let cuts = 0;
    for (let round = 0; cuts < CUTS; round++) {
      const tasks = await Promise.all(
        Array.from({ length: TASKS }, (_, index) =>
          system.api.submitDocument(`doc-${round}-${index}.md`, createSampleDocument(3)),
        ),
      );
      await Promise.all(
        tasks.map(async (task) => {
          const frames = await watchTask(system.api.eventsUrl(task.id), {
            key: system.api.key,
            deadlineMs: 120_000,
            onFrame(_frame, cut) {
              if (random() > 0.15) return;
              cuts += 1;
              cut();
            },
          });
          await checkTaskLog(system.pool, task.id, frames);
          const whole = frames
            .filter((frame) => frame.type === 'text.completed')
            .map((frame) => String(frame.data.data?.text));
          expect(toKeptText(frames)).toBe(whole.join(''));
        }),
      );
    }
    expect(cuts).toBeGreaterThanOrEqual(CUTS);
  }, 180_000);
});
