import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PortInUseError } from '@nightshift/local';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chooseApiPort } from './choose-api-port.ts';

let dataDir: string;
const servers: Server[] = [];

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'nightshift-port-'));
});

afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
  rmSync(dataDir, { recursive: true, force: true });
});

async function occupy(port: number): Promise<number> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

describe('chooseApiPort', () => {
  it('keeps the port of the last start, and takes another when somebody has it', async () => {
    const first = await chooseApiPort(dataDir, undefined);
    expect(await chooseApiPort(dataDir, undefined)).toBe(first);
    await occupy(first);
    const second = await chooseApiPort(dataDir, undefined);
    expect(second).not.toBe(first);
    expect(await chooseApiPort(dataDir, undefined)).toBe(second);
  });

  it('takes the one asked for or none', async () => {
    const taken = await occupy(0);
    await expect(chooseApiPort(dataDir, taken)).rejects.toThrow(PortInUseError);
  });

  it('is not led astray by a damaged file', async () => {
    writeFileSync(join(dataDir, 'api-port'), 'eighty\n');
    expect(await chooseApiPort(dataDir, undefined)).toBeGreaterThan(0);
  });
});
