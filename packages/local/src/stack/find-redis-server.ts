import { RedisDownloadError } from './download-redis-packages.ts';
import { ensureRedisBinary } from './ensure-redis-binary.ts';
import { findOnPath } from './find-on-path.ts';
import type { RedisBinary } from './redis-binary.ts';
import { runCommand } from './run-command.ts';

/** The image used where only Docker can bring Redis. */
const DOCKER_IMAGE = 'redis:7.4-alpine';
const DOCKER_INFO_TIMEOUT_MS = 10_000;

/** How Redis is run. */
export type RedisServer =
  | { readonly kind: 'system' | 'cache'; readonly binary: RedisBinary }
  | { readonly kind: 'docker'; readonly docker: string; readonly image: string };

/** There is no Redis and none can be brought. */
export class RedisUnavailableError extends Error {
  override readonly name = 'RedisUnavailableError';
}

/**
 * Finds or brings a Redis: of the system, of the cache, as Debian packages, in Docker when an engine answers.
 * @throws RedisUnavailableError with the ways to fix it
 */
export async function findRedisServer(options: {
  cacheDir: string;
  log: (message: string) => void;
}): Promise<RedisServer> {
  try {
    const binary = await ensureRedisBinary(options);
    return { kind: binary.kind, binary };
  } catch (error) {
    if (!(error instanceof RedisDownloadError)) throw error;
    const docker = await findOnPath('docker');
    if (
      docker !== undefined &&
      (await runCommand(docker, ['info'], { timeoutMs: DOCKER_INFO_TIMEOUT_MS })).code === 0
    ) {
      options.log(`redis: ${error.message}; using Docker`);
      return { kind: 'docker', docker, image: DOCKER_IMAGE };
    }
    throw new RedisUnavailableError(
      [
        `Redis is not installed, and it could not be fetched (${error.message}). Three ways to fix it:`,
        '  1. install it with the package manager of the system (Debian: apt-get install redis-server);',
        '  2. start Docker, which is then used to run it;',
        '  3. set REDIS_URL to a Redis that runs already.',
      ].join('\n'),
    );
  }
}
