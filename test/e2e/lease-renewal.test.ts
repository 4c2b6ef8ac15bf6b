import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { type System, startSystem } from '../support/start-system.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

const LEASE_MS = 3_000;

let system: System | undefined;
let proxy: TcpProxy | undefined;
afterEach(async () => {
  await system?.stop();
  await proxy?.close();
  system = undefined;
});

describe('a worker whose renewals are lost twice in a row while the database is there', () => {
  it('asks again before its lease ends, instead of leaving its tasks to others', async () => {
    const running = await startSystem({
      workers: 0,
      env: { NIGHTSHIFT_LEASE_MS: String(LEASE_MS) },
      async databaseUrlForWorkers(url) {
        const target = new URL(url);
        proxy = await startTcpProxy({ host: target.hostname, port: Number(target.port) });
        target.hostname = '127.0.0.1';
        target.port = String(proxy.port);
        return target.href;
      },
    });
    system = running;
    const lost = (async () => {
      for (let i = 0; i < 2; i++) await proxy?.swallowReplyTo('renew-lease');
      return performance.now();
    })();
    const worker = await running.startWorker();
    const lostAt = await lost;
    const isOver = () => worker.output().includes('lease lost');
    await eventually('a lease later', () => isOver() || performance.now() > lostAt + LEASE_MS);
    expect(worker.output()).not.toContain('lease lost');
    const { rows } = await running.pool.query<{ status: string }>('select status from workers');
    expect(rows).toEqual([{ status: 'alive' }]);
  }, 30_000);
});
