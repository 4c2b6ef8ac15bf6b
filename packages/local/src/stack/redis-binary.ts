import { runCommand } from './run-command.ts';

/** BullMQ 6 and ioredis 6 need at least this. */
const MIN_VERSION = [6, 2] as const;

/** A Redis (or Valkey) server program that was run once and answered. */
export interface RedisBinary {
  readonly path: string;
  /** What its environment needs to hold (`LD_LIBRARY_PATH` of unpacked packages). */
  readonly env: Readonly<Record<string, string>>;
  /** `[7, 0, 15]` */
  readonly version: readonly [number, number, number];
  readonly kind: 'system' | 'cache';
}

/** Runs the program for its version; undefined when it does not run here, is no Redis, or is too old. */
export async function probeRedisBinary(
  path: string,
  env: Readonly<Record<string, string>>,
  kind: RedisBinary['kind'],
): Promise<RedisBinary | undefined> {
  const result = await runCommand(path, ['--version'], { env: { ...env, PATH: '/usr/bin:/bin' } });
  const match = /v=(\d+)\.(\d+)\.(\d+)/.exec(result.stdout);
  if (result.code !== 0 || match === null) return undefined;
  const version = [Number(match[1]), Number(match[2]), Number(match[3])] as const;
  const [major, minor] = MIN_VERSION;
  return version[0] > major || (version[0] === major && version[1] >= minor) ? { path, env, version, kind } : undefined;
}
