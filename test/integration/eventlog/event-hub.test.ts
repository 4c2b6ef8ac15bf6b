import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { fromUuid, NO_USAGE, type TaskId, toUuid } from '../../../packages/domain/src/index.ts';
import type { EventSlice, TaskLog } from '../../../packages/eventlog/src/index.ts';
import type { Settlement } from '../../../packages/store/src/index.ts';
import { replayTask } from '../../../packages/store/src/index.ts';
import { eventually } from '../../support/eventually.ts';
import { createEventFixture, createLostConnection, type EventFixture, progress } from './event-fixture.ts';

let fixture: EventFixture;
let admin: Redis;
beforeAll(async () => {
  fixture = await createEventFixture();
  admin = new Redis(inject('redisUrl'));
});
afterEach(() => {
  fixture.hubTap.before = undefined;
  fixture.hubTap.after = undefined;
});
afterAll(async () => {
  admin.disconnect();
  await fixture.close();
});

const completed: Settlement = { to: 'completed', result: '1', usage: NO_USAGE, attempts: 0, history: [] };
const finish = (log: TaskLog) => log.settle(completed, { events: [{ type: 'task.completed', data: {} }] });

interface Reader {
  seqs: number[];
  types: string[];
  slices: EventSlice[];
  done: Promise<void>;
  stop(): void;
}

/** Follows a task and notes what it was given; `onSlice` may be slow. */
function read(taskId: TaskId, after = 0, onSlice: () => Promise<void> | void = () => undefined): Reader {
  const controller = new AbortController();
  const reader: Reader = { seqs: [], types: [], slices: [], done: Promise.resolve(), stop: () => controller.abort() };
  reader.done = (async () => {
    const options = { after, visibility: 'developer' as const, signal: controller.signal };
    for await (const slice of fixture.hub.follow(taskId, options)) {
      reader.slices.push(slice);
      for (const event of slice.toJson()) {
        reader.seqs.push(event.sequence_number);
        reader.types.push(event.type);
      }
      await onSlice();
    }
  })();
  return reader;
}

const numbersTo = (last: number, after = 0) => Array.from({ length: last - after }, (_, i) => after + i + 1);

function countSubscribers(taskId: TaskId): Promise<number> {
  return admin.pubsub('NUMSUB', fixture.redis.keys.liveChannel(taskId)).then((answer) => Number(answer[1]));
}

/** Publishes nothing while it runs: rows are committed and nobody is told. */
async function unheard(work: () => Promise<unknown>): Promise<void> {
  const { publisher } = fixture;
  const publish = publisher.publish;
  publisher.publish = () => undefined;
  await work().finally(() => {
    publisher.publish = publish;
  });
}

describe('follow', () => {
  it('goes from backfill to live under write load without a hole or a repeat', async () => {
    const log = await fixture.openLog();
    const readers: Reader[] = [];
    for (let n = 0; n < 300; n++) {
      if (n % 25 === 0) readers.push(read(log.taskId));
      await log.commit({ events: [progress(n), progress(n)] });
    }
    await finish(log);
    await Promise.all(readers.map(({ done }) => done));
    for (const { seqs } of readers) expect(seqs).toEqual(numbersTo(log.lastSeq));
  });

  it('gives 50 readers at once identical, whole logs', async () => {
    const log = await fixture.openLog();
    const readers = Array.from({ length: 50 }, (_, n) => read(log.taskId, n % 3));
    for (let n = 0; n < 60; n++) await log.commit({ events: [progress(n)] });
    await finish(log);
    await Promise.all(readers.map(({ done }) => done));
    for (const [n, { seqs }] of readers.entries()) expect(seqs).toEqual(numbersTo(log.lastSeq, n % 3));
  });

  it('begins in the middle of an entry', async () => {
    const log = await fixture.openLog();
    for (let n = 0; n < 20; n++) void log.emit(progress(n));
    await log.drain();
    const reader = read(log.taskId, 10);
    await eventually('it has the rest', () => reader.seqs.length === 12);
    expect(reader.seqs).toEqual(numbersTo(22, 10));
    expect(reader.slices[0]?.firstSeq).toBe(11);
    expect(reader.slices[0]?.toSse()).toMatch(/^id: 11\n/);
    reader.stop();
    await reader.done;
  });

  it('finds what was never pushed within about two seconds, the final event included', async () => {
    const log = await fixture.openLog();
    const reader = read(log.taskId);
    await eventually('it is live', () => reader.seqs.length === 2);
    await unheard(() => finish(log));
    const startedAt = performance.now();
    await reader.done;
    expect(performance.now() - startedAt).toBeLessThan(3_000);
    expect(reader.types.at(-1)).toBe('task.completed');
  });

  it('finds it even when another reader of the task has read it already', async () => {
    const log = await fixture.openLog();
    const first = read(log.taskId);
    await eventually('it is live', () => first.seqs.length === 2);
    await unheard(() => log.commit({ events: [progress(1)] }));
    const second = read(log.taskId);
    await eventually('the second has read it', () => second.seqs.length === 3, 500);
    await eventually('the first finds it too', () => first.seqs.length === 3, 4_000);
    for (const reader of [first, second]) {
      reader.stop();
      await reader.done;
    }
  });

  it.each([
    ['deleted', (key: string) => admin.del(key)],
    ['emptied', (key: string) => admin.xtrim(key, 'MAXLEN', 0)],
    [
      'rewound',
      async (key: string) => {
        const [first] = await admin.xrange(key, '-', '+', 'COUNT', 1);
        if (!first) return;
        // As one step: the publisher of the last commit may still be on its way.
        await admin
          .multi()
          .del(key)
          .xadd(key, first[0], ...first[1])
          .exec();
      },
    ],
    [
      'full of holes',
      async (key: string) => {
        for (const [index, [id]] of (await admin.xrange(key, '-', '+')).entries())
          if (index % 2) await admin.xdel(key, id);
      },
    ],
  ])('gives the whole log while the stream is %s again and again', async (_, damage) => {
    const log = await fixture.openLog();
    const key = fixture.redis.keys.stream(log.taskId);
    const early = read(log.taskId);
    const late: Reader[] = [];
    for (let n = 0; n < 40; n++) {
      await log.commit({ events: [progress(n)] });
      if (n % 5 === 0) await damage(key);
      if (n % 10 === 0) late.push(read(log.taskId, n));
    }
    await finish(log);
    await Promise.all([early, ...late].map(({ done }) => done));
    expect(early.seqs).toEqual(numbersTo(log.lastSeq));
    for (const [index, { seqs }] of late.entries()) expect(seqs).toEqual(numbersTo(log.lastSeq, index * 10));
  });

  it('bounds what a slow reader has waiting, and gives it everything when it is ready', async () => {
    const log = await fixture.openLog();
    let open: () => void = () => undefined;
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    let reads = 0;
    fixture.hubTap.after = (name) => {
      if (name === 'read-log-page') reads += 1;
    };
    const slow: Reader = read(log.taskId, 0, () => (slow.seqs.length > 2 ? opened : undefined));
    await eventually('it is live: the second look found nothing more', () => reads === 2);
    await log.commit({ events: [progress(0)] });
    await eventually('it holds its first live slice', () => slow.seqs.length === 3);
    const fast = read(log.taskId);
    const text = 'x'.repeat(20_000);
    for (let n = 0; n < 60; n++) await log.commit({ events: [{ type: 'log', data: { n, text } }] });
    await finish(log);
    await fast.done; // everything was pushed
    open();
    await slow.done;
    expect(slow.seqs).toEqual(numbersTo(log.lastSeq));
  });

  it('sees a hole in what is pushed at once, and fills it', async () => {
    const log = await fixture.openLog();
    const reader = read(log.taskId);
    await eventually('it is live', () => reader.seqs.length === 2);
    await unheard(() => log.commit({ events: [progress(1), progress(2)] }));
    await admin.del(fixture.redis.keys.stream(log.taskId)); // so that the publisher sees no gap either
    await log.commit({ events: [progress(3)] });
    await eventually('it has all', () => reader.seqs.length >= 5, 700);
    expect(reader.seqs).toEqual(numbersTo(5));
    reader.stop();
    await reader.done;
  });

  it('goes on past a final event that a replay follows', async () => {
    const log = await fixture.openLog();
    await finish(log);
    const { rows } = await fixture.pool.query<{ tenant_id: string }>('select tenant_id from tasks where id = $1', [
      toUuid(log.taskId),
    ]);
    const tenantId = fromUuid('tenant', rows[0]?.tenant_id ?? '');
    const request = { tenantId, run: undefined, mode: 'resume', reason: undefined, actor: 'test' } as const;
    const { taskId } = log;
    await replayTask(fixture.pool, { taskId, ...request });
    const reader = read(taskId);
    const { epoch, events } = await fixture.claim(taskId);
    const again = fixture.flusher.open({ taskId, epoch, onCancelRequested: () => undefined });
    again.lastSeq = events.lastSeq;
    await finish(again);
    await reader.done;
    expect(reader.types.filter((type) => type === 'task.completed')).toHaveLength(2);
    expect(reader.seqs).toEqual(numbersTo(again.lastSeq));
  });

  it('waits for a database that is away for a moment', async () => {
    const log = await fixture.openLog();
    const live = read(log.taskId);
    await eventually('it is live', () => live.seqs.length === 2);
    await admin.del(fixture.redis.keys.stream(log.taskId));
    fixture.hubTap.before = () => {
      throw createLostConnection();
    };
    const fresh = read(log.taskId);
    await unheard(() => finish(log));
    fixture.hubTap.before = undefined;
    await Promise.all([live.done, fresh.done]);
    for (const reader of [live, fresh]) expect(reader.seqs).toEqual(numbersTo(3));
  });

  it('leaves no subscription, listener or timer behind when it is aborted', async () => {
    const log = await fixture.openLog();
    const controller = new AbortController();
    let added = 0;
    let removed = 0;
    const { signal } = controller;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      added += 1;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      removed += 1;
      remove(...args);
    };
    const follow = fixture.hub.follow(log.taskId, { after: 2, visibility: 'user', signal });
    const next = follow.next();
    await eventually('it is subscribed and waits', async () => (await countSubscribers(log.taskId)) === 1 && added > 0);
    controller.abort();
    expect(await next).toEqual({ done: true, value: undefined });
    expect(removed).toBe(added);
    await eventually('nobody is subscribed', async () => (await countSubscribers(log.taskId)) === 0);

    const second = read(log.taskId);
    const third = read(log.taskId);
    await eventually('both read', () => second.seqs.length === 2 && third.seqs.length === 2);
    second.stop();
    await second.done;
    expect(await countSubscribers(log.taskId)).toBe(1);
    third.stop();
    await third.done;
    await eventually('nobody is subscribed', async () => (await countSubscribers(log.taskId)) === 0);
    expect(await fixture.metrics.streamSubscribers.get()).toMatchObject({ values: [{ value: 0 }] });
  });
});

describe('waitForNews', () => {
  it('resolves on news, on the timeout and on an abort, and leaves nothing behind', async () => {
    const log = await fixture.openLog();
    const never = new AbortController().signal;
    await fixture.hub.waitForNews(log.taskId, 1, 60_000, never); // there is something
    const startedAt = performance.now();
    await fixture.hub.waitForNews(log.taskId, 2, 100, never);
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(95);
    const news = fixture.hub.waitForNews(log.taskId, 2, 60_000, never);
    await log.commit({ events: [progress(1)] });
    await news;
    const gone = new AbortController();
    const waiting = fixture.hub.waitForNews(log.taskId, 3, 60_000, gone.signal);
    gone.abort();
    await waiting;
    await fixture.hub.waitForNews(log.taskId, 3, 60_000, gone.signal); // aborted before it began
    await eventually('nobody is subscribed', async () => (await countSubscribers(log.taskId)) === 0);
  });
});
