import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Leadership, startHousekeeping, startLeadership } from '../../../packages/dispatch/src/index.ts';
import { type Incarnation, toUuid } from '../../../packages/domain/src/index.ts';
import { createSilentLogger } from '../../../packages/telemetry/src/index.ts';
import { eventually } from '../../support/eventually.ts';
import { createDispatchFixture, type DispatchFixture } from './dispatch-fixture.ts';

const log = createSilentLogger();
let fixture: DispatchFixture;
beforeAll(async () => {
  fixture = await createDispatchFixture();
});
afterEach(() => fixture.reset());
afterAll(() => fixture.close());

describe('leadership', () => {
  const leaders: Leadership[] = [];
  afterEach(async () => {
    await Promise.all(leaders.splice(0).map((one) => one.stop()));
  });
  const lead = (incarnation: Incarnation) => {
    const one = startLeadership({ pool: fixture.pool, incarnation, log });
    leaders.push(one);
    return one;
  };

  it('goes to one; to the next at once when that one dies or resigns', async () => {
    const [first, second, third] = [
      await fixture.startFakeWorker(),
      await fixture.startFakeWorker(),
      await fixture.startFakeWorker(),
    ];
    const a = lead(first);
    await eventually('the first leads', () => a.leads());
    const b = lead(second);
    const c = lead(third);
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect([a, b, c].map((one) => one.leads())).toEqual([true, false, false]);
    await a.stop();
    expect(a.leads()).toBe(false);
    await eventually('another one leads', () => b.leads() !== c.leads(), 1_000);
    const [leader, next] = b.leads() ? [second, c] : [third, b];
    const dying = b.leads() ? b : c;
    // A process that dies asks no more and loses its lock.
    await dying.stop();
    await fixture.pool.query("update leadership set incarnation = $1, lease_until = now() + interval '5 seconds'", [
      toUuid(leader),
    ]);
    await fixture.killFakeWorker(leader);
    await eventually('the last one leads', () => next.leads(), 1_000);
  });

  it('goes on when the leader is frozen: after its lease, although its lock is held', async () => {
    const [frozen, other] = [await fixture.startFakeWorker(), await fixture.startFakeWorker()];
    await fixture.pool.query("insert into leadership values (true, $1, now() + interval '700 milliseconds')", [
      toUuid(frozen),
    ]);
    const one = lead(other);
    const startedAt = performance.now();
    await eventually('the other leads', () => one.leads());
    expect(performance.now() - startedAt).toBeGreaterThan(500);
  });

  it('runs housekeepers only while it leads, and none of their failures stops the others', async () => {
    let leads = false;
    const runs = { good: 0, bad: 0 };
    const housekeeping = startHousekeeping({
      housekeepers: [
        {
          name: 'good',
          intervalMs: 5,
          async runOnce() {
            runs.good += 1;
            return false;
          },
        },
        {
          name: 'bad',
          intervalMs: 5,
          async runOnce() {
            runs.bad += 1;
            throw new Error('always');
          },
        },
      ],
      leads: () => leads,
      log,
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(runs).toEqual({ good: 0, bad: 0 });
    leads = true;
    await eventually('both run', () => runs.good > 10 && runs.bad > 2);
    expect(runs.bad).toBeLessThan(runs.good);
    await housekeeping.stop();
    const after = runs.good;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(runs.good).toBe(after);
  });
});
