import { randomInt } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';

/**
 * Ports are drawn from below the range the kernel uses for outgoing connections (32768 and up on Linux), so that a
 * remembered port is not taken by some client socket by the time of the next start.
 */
const FIRST_PORT = 20_000;
const LAST_PORT = 29_999;
const MAX_TRIES = 100;

/** The port asked for, or every one tried, is in use by somebody else. */
export class PortInUseError extends Error {
  override readonly name = 'PortInUseError';
}

/**
 * The port for a server on 127.0.0.1: the one asked for, else the one remembered in `file` when it is free, else a free
 * one, which is then remembered.
 * @throws PortInUseError when the port asked for is in use
 */
export async function choosePort(options: { file: string; port?: number | undefined }): Promise<number> {
  if (options.port !== undefined) {
    if (await isPortFree(options.port)) return options.port;
    throw new PortInUseError(`port ${options.port} on 127.0.0.1 is in use by another program`);
  }
  const remembered = readPort(options.file);
  if (remembered !== undefined && (await isPortFree(remembered))) return remembered;
  const port = await findFreePort();
  writeFileSync(options.file, `${port}\n`);
  return port;
}

/** A port on 127.0.0.1 nobody listens on at the moment. */
export async function findFreePort(): Promise<number> {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const port = randomInt(FIRST_PORT, LAST_PORT + 1);
    if (await isPortFree(port)) return port;
  }
  throw new PortInUseError(`no free port found between ${FIRST_PORT} and ${LAST_PORT}`);
}

/** Whether a server could listen on this port of 127.0.0.1 now. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
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
