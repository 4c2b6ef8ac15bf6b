import { createHash } from 'node:crypto';
import type { KeyId } from '@nightshift/domain';
import { type ApiKey, findApiKey, findSigningKey, type Pool } from '@nightshift/store';
import { shareInFlight } from './share-in-flight.ts';

/** A revoked key works at most this long. */
const MAX_AGE_MS = 15_000;
const MAX_ENTRIES = 10_000;

interface SigningKey {
  apiKey: ApiKey;
  sha256: Buffer;
}

/**
 * Looks keys up, and remembers for a few seconds those that were found. Misses always ask the database, once for all who
 * ask at the same time: a thousand clients that come back together have the same key.
 */
export interface KeyCache {
  findBySecret(secret: string): Promise<ApiKey | undefined>;
  findById(id: KeyId): Promise<SigningKey | undefined>;
}

export function createKeyCache(pool: Pool, now: () => number = () => performance.now()): KeyCache {
  const bySecret = createExpiringMap<ApiKey>(now);
  const byId = createExpiringMap<SigningKey>(now);
  return {
    findBySecret(secret) {
      // The digest, so that a heap dump holds no secret longer than the request.
      const digest = createHash('sha256').update(secret).digest('base64');
      return bySecret.get(digest, () => findApiKey(pool, secret));
    },
    findById: (id) => byId.get(id, () => findSigningKey(pool, id)),
  };
}

function createExpiringMap<Value>(now: () => number) {
  const entries = new Map<string, { value: Value; expiresAt: number }>();
  const share = shareInFlight<Value | undefined>();
  return {
    async get(key: string, find: () => Promise<Value | undefined>): Promise<Value | undefined> {
      const known = entries.get(key);
      if (known && known.expiresAt > now()) return known.value;
      entries.delete(key);
      const value = await share(key, find);
      if (value === undefined) return undefined;
      if (entries.size >= MAX_ENTRIES) entries.clear();
      entries.set(key, { value, expiresAt: now() + MAX_AGE_MS });
      return value;
    },
  };
}
