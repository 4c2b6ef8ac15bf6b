import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { choosePort, PortInUseError } from './choose-port.ts';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'nightshift-port-'));
});

afterEach(() => rmSync(dir, { recursive: true, force: true }));

async function occupy(port: number): Promise<() => Promise<void>> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return () => new Promise((resolve) => server.close(() => resolve()));
}

describe('choosePort', () => {
  it('answers the remembered port as long as it is free, and remembers another one when it is not', async () => {
    const file = join(dir, 'port');
    const first = await choosePort({ file });
    expect(await choosePort({ file })).toBe(first);
    const release = await occupy(first);
    const second = await choosePort({ file });
    await release();
    expect(second).not.toBe(first);
    expect(await choosePort({ file })).toBe(second);
  });

  it('throws when the port asked for is in use', async () => {
    const file = join(dir, 'port');
    const port = await choosePort({ file });
    const release = await occupy(port);
    await expect(choosePort({ file, port })).rejects.toThrow(PortInUseError);
    await release();
    expect(await choosePort({ file, port })).toBe(port);
  });
});
