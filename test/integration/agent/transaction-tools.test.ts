import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openPool, type Pool } from '../../../packages/store/src/index.ts';
import { createSilentLogger } from '../../../packages/telemetry/src/index.ts';
import type { ToolContext } from '../../../packages/tools/src/index.ts';
import { type AgentHarness, createAgentHarness } from '../../support/agent-harness.ts';
import { eventually } from '../../support/eventually.ts';
import { call, type ProbeInput, probeTool, say } from '../../support/probe-tool.ts';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts';

let harness: AgentHarness;
let proxy: TcpProxy;
/** What the tools reach the database through. */
let toolPool: Pool;

beforeAll(async () => {
  harness = await createAgentHarness();
  const url = new URL(harness.databaseUrl);
  proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port) });
  url.hostname = '127.0.0.1';
  url.port = String(proxy.port);
  const log = createSilentLogger();
  toolPool = openPool({ databaseUrl: url.href, applicationName: 'tools', maxConnections: 4, log });
  await harness.pool.query('create table ledger (key text, n integer check (n < 100), unique (key, n))');
});
beforeEach(() => harness.pool.query('delete from ledger'));
afterEach(async () => {
  proxy.restore();
  await harness.closeScenes();
});
afterAll(async () => {
  await toolPool.end();
  await proxy.close();
  await harness.close();
});

type Act = (input: ProbeInput, context: ToolContext, book: (n: number) => Promise<void>) => unknown;

/** A tool that books in the ledger within the transaction of its result; `started` counts how often it ran. */
function bookingTool(started: string[], act: Act) {
  return probeTool(
    'book',
    (input, context) => {
      started.push(context.idempotencyKey);
      const book = (n: number) =>
        context.transaction(async (db) => {
          await db.query('insert into ledger values ($1, $2)', [context.idempotencyKey, n]);
        });
      return act(input, context, book);
    },
    { effect: 'transaction' },
  );
}

async function ledger(): Promise<{ key: string; n: number }[]> {
  return (await harness.pool.query<{ key: string; n: number }>('select key, n from ledger order by n')).rows;
}

const hang = () => new Promise<never>(() => undefined);

describe('a tool with effect "transaction"', () => {
  it('commits what it wrote together with its journaled result and the events of its end', async () => {
    const started: string[] = [];
    const scene = await harness.open({
      tools: [
        bookingTool(started, async (input, _, book) => {
          await book(input.n ?? 0);
          return `booked ${input.n}`;
        }),
      ],
      script: [call('book', [{ n: 1 }, { n: 2 }]), say('done')],
    });
    expect(await scene.run()).toBe('completed');
    expect((await ledger()).map((row) => row.n)).toEqual([1, 2]);
    const steps = (await scene.steps()).filter((step) => step.kind === 'tool');
    expect(steps).toMatchObject([
      { status: 'done', effectClass: 'transaction' },
      { status: 'done', effectClass: 'transaction' },
    ]);
    const written = await harness.pool.query<{ same: boolean }>(
      `select bool_and(exists (select from task_steps s join task_events e on e.task_id = s.task_id
         where s.idempotency_key = l.key and s.xmin = l.xmin and e.xmin = l.xmin and 'tool.completed' = any(e.types))) as same
       from ledger l`,
    );
    expect(written.rows).toEqual([{ same: true }]);
    const types = (await scene.events()).map((event) => event.type);
    expect(types.filter((type) => type === 'tool.completed')).toHaveLength(2);
    expect(types.lastIndexOf('tool.started')).toBeLessThan(types.lastIndexOf('tool.completed'));
  });

  it('leaves nothing behind when the worker dies before the commit, and runs again', async () => {
    const started: string[] = [];
    const scene = await harness.open({
      tools: [
        bookingTool(started, async (_, __, book) => {
          await book(1);
          return started.length === 1 ? hang() : 'booked';
        }),
      ],
      script: [call('book'), say('done')],
    });
    const epoch = await scene.start();
    await eventually('the first booking', () => started.length === 1);
    await epoch.crash();
    expect(await epoch.outcome).toBe('fenced');
    expect(await ledger()).toEqual([]);
    expect(await scene.run()).toBe('completed');
    expect(started).toHaveLength(2);
    expect(new Set(started).size).toBe(1);
    expect(await ledger()).toEqual([{ key: started[0], n: 1 }]);
  });

  it('commits nothing of a zombie whose task was taken over, however late it returns', async () => {
    const started: string[] = [];
    let release = () => {};
    const paused = new Promise<void>((resolve) => {
      release = resolve;
    });
    const scene = await harness.open({
      tools: [
        bookingTool(started, async (_, __, book) => {
          const zombie = started.length === 1;
          await book(zombie ? 13 : 1);
          if (zombie) await paused;
          return zombie ? 'zombie' : 'booked';
        }),
      ],
      script: [call('book'), say('done')],
    });
    const zombie = await scene.start();
    await eventually('the first booking', () => started.length === 1);
    await scene.takeOver();
    release();
    expect(await zombie.outcome).toBe('fenced');
    expect(await scene.run()).toBe('completed');
    expect((await ledger()).map((row) => row.n)).toEqual([1]);
    const [step] = (await scene.steps()).filter((candidate) => candidate.kind === 'tool');
    expect(step?.content).toContain('booked');
  });

  it('never runs again once it is committed, though the reply of the COMMIT was lost', async () => {
    const started: string[] = [];
    const scene = await harness.open({
      toolPool,
      tools: [
        bookingTool(started, async (_, __, book) => {
          await book(1);
          lost = proxy.swallowReplyTo('commit\0');
          return 'booked';
        }),
      ],
      script: [call('book'), say('done')],
    });
    let lost = Promise.resolve();
    expect(await scene.run()).toBe('waiting');
    await lost;
    await scene.wake();
    expect(await scene.run()).toBe('completed');
    expect(started).toHaveLength(1);
    expect(await ledger()).toHaveLength(1);
    expect(JSON.stringify(scene.requests()[1]?.messages.at(-1))).toContain('booked');
    expect((await scene.events()).filter((event) => event.type === 'tool.completed')).toHaveLength(1);
  });

  it('runs again when the connection was lost before its COMMIT arrived', async () => {
    const started: string[] = [];
    const scene = await harness.open({
      toolPool,
      tools: [
        bookingTool(started, async (_, __, book) => {
          await book(1);
          if (started.length === 1) proxy.cut();
          return 'booked';
        }),
      ],
      script: [call('book'), say('done')],
    });
    expect((await scene.runToEnd()).kind).toBe('completed');
    expect(started.length).toBeGreaterThan(1);
    expect(await ledger()).toHaveLength(1);
  });

  it('undoes a try that failed before the next one, and everything of a call that fails', async () => {
    const started: string[] = [];
    const scene = await harness.open({
      tools: [
        probeTool(
          'book',
          async (input, context) => {
            started.push(context.idempotencyKey);
            await context.transaction((db) =>
              db.query('insert into ledger values ($1, $2)', [context.idempotencyKey, started.length]),
            );
            if (input.n !== started.length) throw new Error('not yet');
            return 'booked';
          },
          { effect: 'transaction', retry: { maxAttempts: 2, minTimeoutMs: 0 } },
        ),
      ],
      script: [call('book', [{ n: 2 }]), call('book', [{ n: 9 }]), say('done')],
    });
    expect(await scene.run()).toBe('completed');
    expect((await ledger()).map((row) => row.n)).toEqual([2]);
    expect(started).toHaveLength(4);
  });

  it('tells the model when Postgres refuses what it wrote, or what it asked for', async () => {
    const results: string[] = [];
    const scene = await harness.open({
      tools: [
        probeTool(
          'book',
          async (input, context) =>
            context.transaction(async (db) => {
              if (input.text) await db.query(input.text).catch((error: Error) => results.push(error.message));
              else await db.query('insert into ledger values ($1, 100)', ['x']).catch(() => undefined);
              return 'swallowed';
            }),
          { effect: 'transaction' },
        ),
      ],
      script: [
        call('book', [{}]),
        call('book', [{ text: '/* x */ commit' }]),
        call('book', [{ text: 'select 1; commit' }]),
        say('done'),
      ],
    });
    expect(await scene.run()).toBe('completed');
    expect(results[0]).toMatch(/refused/);
    expect(results[1]).toMatch(/multiple commands/);
    const said = scene.requests().map((request) => JSON.stringify(request.messages.at(-1)));
    expect(said[1]).toMatch(/database refused what it wrote/);
    expect(await ledger()).toEqual([]);
  });

  it('is told that it idled too long, instead of being run again for ever', async () => {
    const started: string[] = [];
    const tool = probeTool(
      'book',
      async (_, context) => {
        started.push(context.idempotencyKey);
        const pid = await context.transaction(async (db) => {
          await db.query("set local idle_in_transaction_session_timeout = '50ms'");
          await db.query('insert into ledger values ($1, 1)', [context.idempotencyKey]);
          return (await db.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]?.pid;
        });
        await eventually('Postgres to end the transaction', async () => {
          const { rows } = await harness.pool.query('select 1 from pg_stat_activity where pid = $1', [pid]);
          return rows.length === 0;
        });
        await harness.pool.query('select 1'); // what the other connection was told before has been read by then
        return 'booked';
      },
      { effect: 'transaction' },
    );
    const scene = await harness.open({ tools: [tool], script: [call('book'), say('done')] });
    expect(await scene.run()).toBe('completed');
    expect(started).toHaveLength(1);
    expect(await ledger()).toEqual([]);
    expect(JSON.stringify(scene.requests()[1]?.messages.at(-1))).toMatch(/idled too long/);
  });

  it('is the only one that may use a transaction', async () => {
    const scene = await harness.open({
      tools: [probeTool('book', (_, context) => context.transaction((db) => db.query('select 1')))],
      script: [call('book'), say('done')],
    });
    expect(await scene.run()).toBe('completed');
    expect(JSON.stringify(scene.requests()[1]?.messages.at(-1))).toMatch(/only a tool with effect/);
  });
});
