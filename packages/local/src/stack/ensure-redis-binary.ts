import { downloadRedisPackages, findCachedRedis } from './download-redis-packages.ts';
import { findOnPath } from './find-on-path.ts';
import { probeRedisBinary, type RedisBinary } from './redis-binary.ts';

const SYSTEM_FOLDERS = ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin', '/opt/homebrew/bin'];

/**
 * A Redis server program: `redis-server` or `valkey-server` of the system, else the one in the cache folder, else one
 * fetched into it. Two callers at once, in one process or several, do not disturb each other.
 * @throws RedisDownloadError when there is none and none can be fetched
 */
export async function ensureRedisBinary(options: {
  cacheDir: string;
  log: (message: string) => void;
}): Promise<RedisBinary> {
  for (const program of ['redis-server', 'valkey-server']) {
    const path = await findOnPath(program, SYSTEM_FOLDERS);
    if (path === undefined) continue;
    const binary = await probeRedisBinary(path, {}, 'system');
    if (binary !== undefined) return binary;
    options.log(`redis: ${path} does not run or is older than 6.2; looking further`);
  }
  return (await findCachedRedis(options.cacheDir)) ?? (await downloadRedisPackages(options));
}
