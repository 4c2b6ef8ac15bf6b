import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { PortInUseError } from '@nightshift/local';

const DEFAULT_PORT = 8787;
const HOST = '127.0.0.1';

/**
 * The port of the API: the one asked for, else the one of the last start, else 8787, else any that is free. Remembered,
 * so that addresses people have noted stay right.
 * @throws PortInUseError when the one asked for is taken
 */
export async function chooseApiPort(dataDir: string, asked: number | undefined): Promise<number> {
  const file = join(dataDir, 'api-port');
  const port = await choose(asked, readPort(file));
  mkdirSync(dataDir, { recursive: true });
  writeFileSync(file, `${port}\n`);
  return port;
}

async function choose(asked: number | undefined, remembered: number | undefined): Promise<number> {
  if (asked !== undefined) {
    if ((await tryPort(asked)) !== undefined) return asked;
    throw new PortInUseError(`port ${asked} on ${HOST} is in use by another program, or may not be used`);
  }
  for (const port of [remembered, DEFAULT_PORT, 0]) {
    const free = port === undefined ? undefined : await tryPort(port);
    if (free !== undefined) return free;
  }
  throw new PortInUseError(`there is no free port on ${HOST}`);
}

/** The port if a server could listen on it now (a free one for 0), else undefined. */
function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: HOST, exclusive: true }, () => {
      const address = server.address();
      const chosen = typeof address === 'object' && address !== null ? address.port : port;
      server.close(() => resolve(chosen));
    });
  });
}

function readPort(file: string): number | undefined {
  try {
    const port = Number(readFileSync(file, 'utf8').trim());
    return Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined;
  } catch {
    return undefined;
  }
}
