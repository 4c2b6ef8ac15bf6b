import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createStreamTrimmer } from '../../../packages/dispatch/src/index.ts';
import { createId, type TaskId, toUuid } from '../../../packages/domain/src/index.ts';
import { renderRow } from '../../../packages/eventlog/src/index.ts';
import { publishEntries, STREAM_TTL_MS } from '../../../packages/streams/src/index.ts';
import { createSilentLogger } from '../../../packages/telemetry/src/index.ts';
import { createEventFixture, type EventFixture, progress } from './event-fixture.ts';

const PASSES = 200;
let fixture: EventFixture;
let admin: Redis;
beforeAll(async () => {
  fixture = await createEventFixture();
  admin = new Redis(inject('redisUrl'));
});
afterAll(async () => {
  admin.disconnect();
  await fixture.close();
});

function entry(taskId: TaskId, seq: number, text: string, type = 'task.progress') {
  const payload = JSON.stringify({ type, epoch: 1, data: { text } });
  return renderRow({ taskId, firstSeq: seq, lastSeq: seq, types: [type], visibility: 'u', payload });
}

const ttlOf = (taskId: TaskId) => admin.pttl(fixture.redis.keys.stream(taskId));

describe('the stream of a running task', () => {
  it('is bounded in entries and in bytes', async () => {
    const many = createId('task');
    for (let start = 1; start <= 5_000; start += 500) {
      const entries = Array.from({ length: 500 }, (_, n) => entry(many, start + n, 'x'));
      await publishEntries(fixture.redis, many, entries, { allowGap: false });
    }
    const length = await admin.xlen(fixture.redis.keys.stream(many));
    expect(length).toBeGreaterThanOrEqual(2_000);
    expect(length).toBeLessThan(2_200);
    const large = createId('task');
    const text = 'x'.repeat(60_000);
    for (let seq = 1; seq <= 300; seq++) {
      await publishEntries(fixture.redis, large, [entry(large, seq, text)], { allowGap: false });
    }
    const bytes = await admin.memory('USAGE', fixture.redis.keys.stream(large), 'SAMPLES', 0);
    expect(Number(bytes)).toBeLessThan(8 * 1024 * 1024);
    expect(await admin.xlen(fixture.redis.keys.stream(large))).toBeGreaterThan(50);
  });

  it('loses no event by being trimmed: a reader with an old cursor gets everything', async () => {
    const log = await fixture.openLog();
    for (let n = 0; n < 60; n++) await log.commit({ events: [progress(n)] });
    await fixture.publisher.idle();
    const stream = fixture.redis.keys.stream(log.taskId);
    await admin.xtrim(stream, 'MAXLEN', 10);
    for (const after of [0, 5, 30, 55]) {
      const seen: number[] = [];
      const stop = new AbortController();
      for await (const slice of fixture.hub.follow(log.taskId, { after, visibility: 'user', signal: stop.signal })) {
        seen.push(...slice.toJson().map((event) => event.sequence_number));
        if (slice.lastSeq === 62) break;
      }
      expect(seen).toEqual(Array.from({ length: 62 - after }, (_, n) => after + n + 1));
    }
  });
});

describe('the stream trimmer', () => {
  const trimmer = () =>
    createStreamTrimmer({
      pool: fixture.pool,
      redis: fixture.redis,
      log: createSilentLogger(),
      metrics: fixture.metrics,
    });

  it('shortens the streams of tasks that are over, gives lasting ones a time to live, leaves the others', async () => {
    const [over, lasting, going] = await fixture.openLogs(3);
    if (!over || !lasting || !going) throw new Error('not opened');
    for (const log of [over, lasting, going]) await log.commit({ events: [progress(1)] });
    await fixture.publisher.idle();
    const unknown = createId('task');
    await publishEntries(fixture.redis, unknown, [entry(unknown, 1, 'x')], { allowGap: false });
    // The worker died between the commit of the final event and its publication.
    await fixture.pool.query(`update task_heads set status = 'completed' where task_id = $1`, [toUuid(over.taskId)]);
    await admin.persist(fixture.redis.keys.stream(lasting.taskId));
    const before = await ttlOf(going.taskId);
    const one = trimmer();
    for (let pass = 0; pass < PASSES && (await ttlOf(lasting.taskId)) === -1; pass++) await one.runOnce();
    for (let pass = 0; pass < PASSES && (await ttlOf(over.taskId)) > STREAM_TTL_MS.finished; pass++)
      await one.runOnce();
    for (let pass = 0; pass < PASSES && (await ttlOf(unknown)) > STREAM_TTL_MS.finished; pass++) await one.runOnce();
    expect(await ttlOf(over.taskId)).toBeLessThanOrEqual(STREAM_TTL_MS.finished);
    expect(await ttlOf(unknown)).toBeLessThanOrEqual(STREAM_TTL_MS.finished);
    expect(await ttlOf(lasting.taskId)).toBeGreaterThan(STREAM_TTL_MS.finished);
    expect(await ttlOf(going.taskId)).toBeGreaterThan(before - 60_000);
  });

  it('is not needed after an ordinary end, nor undone by a flush that is published again', async () => {
    const taskId = createId('task');
    const first = entry(taskId, 1, 'x');
    await publishEntries(fixture.redis, taskId, [first, entry(taskId, 2, 'x', 'task.completed')], { allowGap: false });
    expect(await ttlOf(taskId)).toBeLessThanOrEqual(STREAM_TTL_MS.finished);
    await publishEntries(fixture.redis, taskId, [first], { allowGap: false });
    expect(await ttlOf(taskId)).toBeLessThanOrEqual(STREAM_TTL_MS.finished);
  });
});
