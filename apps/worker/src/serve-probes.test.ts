import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createMetrics, createSilentLogger } from '@nightshift/telemetry';
import { afterEach, describe, expect, it } from 'vitest';
import { type Probes, serveProbes } from './serve-probes.ts';

let probes: Probes | undefined;
afterEach(() => probes?.close());

async function findPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('serveProbes', () => {
  it('answers liveness, readiness until told otherwise, metrics, and nothing else', async () => {
    const port = await findPort();
    const metrics = createMetrics();
    probes = serveProbes({ host: '127.0.0.1', port, metrics, log: createSilentLogger() });
    const get = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
    expect((await get('/livez')).status).toBe(200);
    expect((await get('/readyz')).status).toBe(200);
    metrics.leaseTakeovers.inc();
    expect(await (await get('/metrics')).text()).toContain('nightshift_lease_takeovers_total 1');
    expect((await get('/v1/tasks')).status).toBe(404);
    probes.unready();
    expect((await get('/readyz')).status).toBe(503);
    expect((await get('/livez')).status).toBe(200);
  });
});
