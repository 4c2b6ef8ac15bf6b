import { readFileSync } from 'node:fs';
import { callWithFailpoints } from '@nightshift/resilience';
import type { Redis } from 'ioredis';
import { createConnectionLoss } from './open-redis.ts';

/** A script of `lua/`, loaded once and called by its hash. */
export interface LuaScript {
  call(redis: Redis, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown>;
}

/** Reads `lua/<name>.lua`, which lies beside `src/` and `dist/` alike. */
export function loadLuaScript(name: string): LuaScript {
  const lua = readFileSync(new URL(`../lua/${name}.lua`, import.meta.url), 'utf8');
  const command = `nightshift_${name.replaceAll('-', '_')}`;
  return {
    call(redis, keys, args) {
      if (!(command in redis)) redis.defineCommand(command, { lua });
      const run = Reflect.get(redis, command) as (...all: (string | number)[]) => Promise<unknown>;
      const send = () => run.call(redis, keys.length, ...keys, ...args);
      return callWithFailpoints(`streams.${name}`, send, createConnectionLoss);
    },
  };
}
