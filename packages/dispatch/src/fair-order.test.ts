import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createId, type TaskId, type TenantId } from '@nightshift/domain';
import type { BacklogFlow } from '@nightshift/store';
import { describe, expect, it } from 'vitest';
import { createFairOrder } from './fair-order.ts';

/** mulberry32, as in the tests of the repository. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

type Plan = Partial<Omit<BacklogFlow, 'taskIds' | 'tenantId'>> & { tenantId: TenantId; tasks: number };

/** A backlog that is looked up as the query does: some tasks of each flow, oldest first, and what the caps leave. */
function createBacklog(plans: readonly Plan[], maxTasksPerFlow = 10) {
  const flows = plans.map((plan) => ({
    weight: 1,
    rank: 0,
    flow: 'loose',
    tenantRoom: undefined,
    flowRoom: undefined,
    ...plan,
    all: Array.from({ length: plan.tasks }, () => createId('task')),
  }));
  const owner = new Map(flows.flatMap((flow) => flow.all.map((taskId) => [taskId, flow] as const)));
  return {
    maxTasksPerFlow,
    look: (): BacklogFlow[] => flows.map(({ all, ...flow }) => ({ ...flow, taskIds: all.slice(0, maxTasksPerFlow) })),
    /** Takes the chosen tasks out; where they came from, in order. */
    remove(chosen: readonly TaskId[]) {
      return chosen.map((taskId) => {
        const flow = owner.get(taskId);
        if (!flow) throw new Error('chosen twice, or never there');
        owner.delete(taskId);
        expect(flow.all.shift()).toBe(taskId); // oldest first
        return flow;
      });
    },
  };
}

function play(
  backlog: ReturnType<typeof createBacklog>,
  random: () => number,
  options: { total: number; each: number },
) {
  const order = createFairOrder(random);
  const served: ReturnType<typeof backlog.remove> = [];
  for (let pass = 0; served.length < options.total && pass < 10_000; pass++) {
    const maxTasks = Math.min(options.each, options.total - served.length);
    const { maxTasksPerFlow } = backlog;
    const chosen = order.choose(backlog.look(), { maxTasks, maxTasksPerFlow });
    if (chosen.length === 0) break;
    expect(chosen.length).toBeLessThanOrEqual(maxTasks);
    served.push(...backlog.remove(chosen));
  }
  return served;
}

const count = <T>(values: readonly T[], what: T) => values.filter((value) => value === what).length;

describe('createFairOrder', () => {
  for (const each of [1, 7, 200]) {
    it(`serves tenants in proportion to their weights at every moment, to within a turn each, ${each} at a time`, () => {
      for (let seed = 1; seed <= 40; seed++) {
        const random = seeded(seed);
        const weights = Array.from({ length: 2 + Math.floor(random() * 5) }, () => 1 + Math.floor(random() * 9));
        const tenants = weights.map(() => createId('tenant'));
        const backlog = createBacklog(
          weights.map((weight, i) => ({ tenantId: tenants[i] ?? createId('tenant'), weight, tasks: 500 })),
        );
        const served = play(backlog, random, { total: 400, each }).map((flow) => flow.tenantId);
        const sum = weights.reduce((a, b) => a + b, 0);
        for (const moment of [50, 133, 400]) {
          for (const [i, weight] of weights.entries()) {
            const got = count(served.slice(0, moment), tenants[i]);
            const due = (moment * weight) / sum;
            expect(Math.abs(got - due), `seed ${seed}: ${got} of ${due} with weight ${weight} of ${sum}`).toBeLessThan(
              2 + weights.length / 2,
            );
          }
        }
      }
    });
  }

  it('serves a tenant that comes later within one round, and gives it nothing for the time it was away', () => {
    const [big, small] = [createId('tenant'), createId('tenant')];
    const backlog = createBacklog([
      { tenantId: big, tasks: 1_000 },
      { tenantId: small, tasks: 50 },
    ]);
    const order = createFairOrder(seeded(3));
    const options = { maxTasksPerFlow: 10 };
    for (let pass = 0; pass < 100; pass++) {
      backlog.remove(order.choose(backlog.look().slice(0, 1), { ...options, maxTasks: 5 }));
    }
    const served = backlog.remove(order.choose(backlog.look(), { ...options, maxTasks: 10 }));
    expect(served.slice(0, 2).some((flow) => flow.tenantId === small)).toBe(true);
    expect(
      count(
        served.map((flow) => flow.tenantId),
        small,
      ),
    ).toBe(5);
  });

  it('takes turns between the batches and the single tasks of a tenant', () => {
    const tenantId = createId('tenant');
    const backlog = createBacklog([
      { tenantId, flow: 'batch a', tasks: 500 },
      { tenantId, flow: 'batch b', tasks: 500 },
      { tenantId, flow: 'loose', tasks: 2 },
    ]);
    const served = play(backlog, seeded(1), { total: 12, each: 4 }).map((flow) => flow.flow);
    expect(count(served.slice(0, 6), 'loose')).toBe(2);
    expect(Math.abs(count(served, 'batch a') - count(served, 'batch b'))).toBeLessThan(2);
  });

  it('takes the lower rank first within a tenant, and between tenants only the weight counts', () => {
    const [one, other] = [createId('tenant'), createId('tenant')];
    const backlog = createBacklog([
      { tenantId: one, rank: -5, flow: 'urgent', tasks: 6 },
      { tenantId: one, rank: 0, flow: 'later', tasks: 6 },
      { tenantId: other, rank: 7, tasks: 12 },
    ]);
    const served = play(backlog, seeded(2), { total: 24, each: 5 });
    expect(
      count(
        served.slice(0, 12).map((flow) => flow.tenantId),
        one,
      ),
    ).toBe(6);
    expect(served.filter((flow) => flow.tenantId === one).map((flow) => flow.flow)).toEqual([
      ...Array.from({ length: 6 }, () => 'urgent'),
      ...Array.from({ length: 6 }, () => 'later'),
    ]);
  });

  it('never goes over a cap of a tenant or of a batch, whose flows of several ranks share it, and goes on past it', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = seeded(seed);
      const roll = (max: number) => Math.floor(random() * max);
      const tenants = Array.from({ length: 1 + roll(4) }, () => ({
        id: createId('tenant'),
        room: roll(3) ? roll(12) : undefined,
      }));
      const plans: Plan[] = tenants.flatMap(({ id, room }) =>
        ['a', 'b', 'loose'].flatMap((flow) => {
          const flowRoom = flow === 'loose' || roll(2) ? undefined : roll(6);
          return [0, 1].map((rank) => ({
            tenantId: id,
            weight: 1 + roll(5),
            tenantRoom: room,
            flow,
            rank,
            flowRoom,
            tasks: roll(15),
          }));
        }),
      );
      // What a cap holds altogether is not looked up, as in the query.
      const seen = plans.filter((plan) => plan.tenantRoom !== 0 && plan.flowRoom !== 0);
      const backlog = createBacklog(seen, 20);
      const served = backlog.remove(
        createFairOrder(random).choose(backlog.look(), { maxTasks: 1_000, maxTasksPerFlow: 20 }),
      );
      for (const { id, room } of tenants) {
        const own = served.filter((flow) => flow.tenantId === id);
        const possible = ['a', 'b', 'loose'].reduce((sum, name) => {
          const flows = seen.filter((plan) => plan.tenantId === id && plan.flow === name);
          const tasks = flows.reduce((all, plan) => all + plan.tasks, 0);
          const flowRoom = flows[0]?.flowRoom ?? Number.POSITIVE_INFINITY;
          const got = count(
            own.map((flow) => flow.flow),
            name,
          );
          expect(got, `seed ${seed}`).toBeLessThanOrEqual(flowRoom);
          return sum + Math.min(tasks, flowRoom);
        }, 0);
        expect(own.length, `seed ${seed}`).toBe(Math.min(possible, room ?? Number.POSITIVE_INFINITY));
      }
    }
  });

  it('stops where the list of a flow ends rather than giving its turns away', () => {
    const [heavy, light] = [createId('tenant'), createId('tenant')];
    const backlog = createBacklog(
      [
        { tenantId: heavy, weight: 9, tasks: 400 },
        { tenantId: light, weight: 1, tasks: 400 },
      ],
      10,
    );
    const served = play(backlog, seeded(5), { total: 200, each: 100 });
    expect(
      count(
        served.map((flow) => flow.tenantId),
        heavy,
      ),
    ).toBeGreaterThan(175);
  });

  it('forgets batches that are done, also of a tenant that always has more', () => {
    setFlagsFromString('--expose_gc');
    const collect = runInNewContext('gc') as () => void;
    const heapMb = () => {
      collect();
      return process.memoryUsage().heapUsed / 1024 / 1024;
    };
    const tenantId = createId('tenant');
    const order = createFairOrder(seeded(6));
    const flow = { tenantId, weight: 1, rank: 0, tenantRoom: undefined, flowRoom: undefined };
    const pass = (number: number) => {
      const batches = Array.from({ length: 50 }, (_, i) => `batch ${number} ${i}`);
      const flows = ['loose', ...batches].map((key) => ({ ...flow, flow: key, taskIds: [createId('task')] }));
      expect(order.choose(flows, { maxTasks: 51, maxTasksPerFlow: 10 })).toHaveLength(51);
    };
    pass(0);
    const before = heapMb();
    for (let number = 1; number <= 2_000; number++) pass(number);
    expect(heapMb() - before).toBeLessThan(3);
  });
});
