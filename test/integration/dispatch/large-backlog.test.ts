import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createOfferer } from '../../../packages/dispatch/src/index.ts';
import { createId, type TenantId, toUuid } from '../../../packages/domain/src/index.ts';
import { createTaskQueue } from '../../../packages/queue/src/index.ts';
import { findBacklog } from '../../../packages/store/src/index.ts';
import { createSilentLogger } from '../../../packages/telemetry/src/index.ts';
import { eventually } from '../../support/eventually.ts';
import { createDispatchFixture, type DispatchFixture } from './dispatch-fixture.ts';
import { insertBacklog } from './insert-backlog.ts';
import { startSmallFleet } from './small-fleet.ts';

let fixture: DispatchFixture;
beforeAll(async () => {
  fixture = await createDispatchFixture();
});
afterAll(() => fixture.close());

const MAX_ROWS_PER_INSERT = 10_000;

/** Rows of `tasks` only, which is all that the choice of tasks reads. */
async function insertRows(tenantIds: TenantId[], options: { each: number; batchUuid?: string }): Promise<void> {
  const perInsert = Math.floor(MAX_ROWS_PER_INSERT / tenantIds.length);
  for (let from = 0; from < options.each; from += perInsert) {
    await fixture.pool.query(
      `insert into tasks (id, tenant_id, batch_id, batch_index, custom_id, agent, input, next_dispatch_at)
       select gen_random_uuid(), tenant_id, $2::uuid, n, n::text, 'test', '{}', now()
       from unnest($1::uuid[]) tenant_id, generate_series($3::integer, $4::integer) n`,
      [
        tenantIds.map((id) => toUuid(id)),
        options.batchUuid ?? null,
        from + 1,
        Math.min(from + perInsert, options.each),
      ],
    );
  }
}

describe('a large backlog', () => {
  it('of 200,000 tasks of 501 tenants costs a pass some milliseconds and no sequential scan', async () => {
    await insertRows([createId('tenant')], { each: 150_000, batchUuid: toUuid(createId('batch')) });
    const others = Array.from({ length: 500 }, () => createId('tenant'));
    await insertRows(others, { each: 100 });
    await fixture.pool.query('vacuum analyze tasks');
    const offerer = createOfferer({ pool: fixture.pool, random: Math.random });
    const passes: number[] = [];
    for (let pass = 0; pass < 20; pass++) {
      const startedAt = performance.now();
      expect(await offerer.offer(40)).toHaveLength(40);
      passes.push(performance.now() - startedAt);
    }
    const median = passes.sort((a, b) => a - b)[10] ?? 0;
    process.stderr.write(`[measured] pass over 200,000 queued tasks in 501 flows: median ${median.toFixed(1)} ms\n`);
    expect(median).toBeLessThan(500);
    const plans = await explainBacklog();
    expect(plans).toContain('tasks_backlog');
    expect(plans).not.toMatch(/Seq Scan on tasks/);
    await fixture.reset();
  });

  it('of one batch of 50,000 delays a single task, of its own tenant or of another, by little', async () => {
    const prefix = `t-${randomUUID().slice(0, 8)}`;
    const queue = createTaskQueue({ redisUrl: inject('redisUrl'), prefix, log: createSilentLogger() });
    const batch = await insertBacklog(fixture.pool, { count: 50_000, batch: {} });
    const options = { workers: 2, capacity: 10, taskMs: 200, redisUrl: inject('redisUrl'), prefix, queue };
    const fleet = await startSmallFleet(fixture, options);
    await eventually('every slot is taken', () => fleet.starts.length >= 60);
    for (const tenantId of [batch.tenantId, createId('tenant')]) {
      const submittedAt = performance.now();
      const single = await insertBacklog(fixture.pool, { count: 1, tenantId });
      const start = await eventually('it starts', () => fleet.starts.find((one) => one.taskId === single.taskIds[0]));
      const whose = tenantId === batch.tenantId ? 'the same tenant' : 'another tenant';
      const delayMs = start.at - submittedAt;
      process.stderr.write(
        `[measured] start of one task of ${whose} behind 50,000, 20 slots busy with tasks of 200 ms: ${Math.round(delayMs)} ms\n`,
      );
      expect(delayMs).toBeLessThan(5_000);
    }
    await fleet.stop();
    await queue.close();
  });
});

/** The plan of the statement as it is sent, by way of a pool that explains instead. */
async function explainBacklog(): Promise<string> {
  const lines: string[] = [];
  const explaining = {
    async query({ text, values }: { text: string; values: unknown[] }) {
      const { rows } = await fixture.pool.query<Record<'QUERY PLAN', string>>(`explain ${text}`, values);
      lines.push(...rows.map((row) => row['QUERY PLAN']));
      return { rows: [] };
    },
  };
  await findBacklog(explaining as never, { maxFlows: 2_000, maxTasksPerFlow: 40, after: undefined });
  return lines.join('\n');
}
