import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { FailureError } from '../../../packages/domain/src/index.ts';
import {
  inTransaction,
  isTransient,
  openPool,
  openSession,
  type Pool,
  type Session,
} from '../../../packages/store/src/index.ts';
import { createSilentLogger } from '../../../packages/telemetry/src/index.ts';
import { eventually } from '../../support/eventually.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.ts';

const KEY = 4_242n;
let database: TestDatabase;
let admin: Pool;
let session: Session | undefined;
const log = createSilentLogger();

beforeAll(async () => {
  database = await createTestDatabase();
  admin = openPool({ databaseUrl: database.url, applicationName: 'admin', maxConnections: 3, log });
});
afterEach(async () => {
  await session?.close();
  session = undefined;
});
afterAll(async () => {
  await admin.end();
  await database.drop();
});

function open(): Session {
  session = openSession({ databaseUrl: database.url, applicationName: 'session under test', log });
  return session;
}

async function holdersOf(key: bigint): Promise<number[]> {
  const { rows } = await admin.query<{ pid: number }>(
    `select pid from pg_locks where locktype = 'advisory' and granted and objid = $1
     and database = (select oid from pg_database where datname = current_database())`,
    [Number(key)],
  );
  return rows.map(({ pid }) => pid);
}

async function terminate(pid: number | undefined): Promise<void> {
  await admin.query('select pg_terminate_backend($1)', [pid]);
}

describe('openSession', () => {
  it('takes its locks again, at once, when its connection is ended', async () => {
    await open().hold(KEY);
    for (let round = 0; round < 5; round++) {
      const [before] = await holdersOf(KEY);
      await terminate(before);
      const startedAt = performance.now();
      await eventually('another connection holds the lock', async () => {
        const [now] = await holdersOf(KEY);
        return now !== undefined && now !== before;
      });
      expect(performance.now() - startedAt).toBeLessThan(1_000);
    }
  });

  it('goes on trying while a dead connection of its own still holds the lock', async () => {
    await open().hold(KEY);
    const [mine] = await holdersOf(KEY);
    const waiter = new pg.Client(database.url);
    await waiter.connect();
    const taken = waiter.query('select pg_advisory_lock($1::bigint)', [KEY.toString()]); // first in line
    await eventually('it waits', async () => {
      const { rows } = await admin.query("select 1 from pg_locks where locktype = 'advisory' and not granted");
      return rows.length > 0;
    });
    await terminate(mine);
    await taken;
    await eventually('the session has reconnected', async () => {
      const { rows } = await admin.query(
        "select 1 from pg_stat_activity where application_name = 'session under test' and pid <> $1",
        [mine],
      );
      return rows.length > 0;
    });
    await waiter.end();
    await eventually('the session holds it again', async () => (await holdersOf(KEY)).length === 1);
  });

  it('refuses a lock that somebody else holds, and frees its own when it is closed', async () => {
    await open().hold(KEY);
    const second = openSession({ databaseUrl: database.url, applicationName: 'second', log });
    await expect(second.hold(KEY)).rejects.toThrow(/not taken/);
    await second.close();
    await session?.close();
    await eventually('the lock is free', async () => (await holdersOf(KEY)).length === 0);
  });
});

describe('inTransaction', () => {
  it('survives a connection that is lost between two statements, and says that storage was not available', async () => {
    const work = inTransaction(admin, async (tx) => {
      const { rows } = await tx.query<{ pid: number }>('select pg_backend_pid() as pid');
      await terminate(rows[0]?.pid);
      await eventually('the backend is gone', async () => {
        const left = await admin.query('select 1 from pg_stat_activity where pid = $1', [rows[0]?.pid]);
        return left.rows.length === 0;
      });
      await tx.query('select 1');
    });
    const error = await work.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(FailureError);
    expect(error).toMatchObject({ failure: { code: 'storage_unavailable' } });
    expect((await admin.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  });

  it('rolls back and passes on what the work throws', async () => {
    const work = inTransaction(admin, async (tx) => {
      await tx.query("insert into tenants (id, name) values (gen_random_uuid(), 'never')");
      throw new Error('no');
    });
    await expect(work).rejects.toThrow('no');
    expect((await admin.query("select 1 from tenants where name = 'never'")).rows).toEqual([]);
  });
});

describe('isTransient', () => {
  const fromServer = (code: string, message = 'x') => Object.assign(new Error(message), { code, severity: 'ERROR' });
  it.each(['08006', '57P01', '57P03', '40001', '40P01', '55P03', '53300', '53100', '58030', '25006', '57014'])(
    'takes %s for something that passes',
    (code) => {
      expect(isTransient(fromServer(code))).toBe(true);
    },
  );
  it.each(['22P05', '22021', '23505', '42P01', '54000', 'XX000'])('takes %s for something that stays', (code) => {
    expect(isTransient(fromServer(code, 'unterminated "timeout" ECONNRESET'))).toBe(false);
  });
  it.each(['Connection terminated unexpectedly', 'timeout exceeded when trying to connect', 'connect EHOSTUNREACH'])(
    'takes "%s" for something that passes',
    (message) => {
      expect(isTransient(new Error(message))).toBe(true);
    },
  );
});
