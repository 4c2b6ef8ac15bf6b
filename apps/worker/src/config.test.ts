import { describe, expect, it } from 'vitest';
import { ConfigError, readConfig } from './config.ts';

const REQUIRED = { DATABASE_URL: 'postgres://u:p@h/db', REDIS_URL: 'redis://h:6379', ANTHROPIC_API_KEY: 'k' };
const FAILPOINTS = { ...REQUIRED, NIGHTSHIFT_FAILPOINTS: 'store.flush-tasks.after=kill' };

describe('readConfig', () => {
  it('refuses failpoints in production, and has none unless it is told', () => {
    expect(() => readConfig({ ...FAILPOINTS, NODE_ENV: 'production' })).toThrow(/NIGHTSHIFT_FAILPOINTS is refused/);
    expect(readConfig({ ...REQUIRED, NODE_ENV: 'production' }).failpoints).toBeUndefined();
    expect(readConfig({ ...REQUIRED, NIGHTSHIFT_FAILPOINTS: '' }).failpoints).toBeUndefined();
    expect(readConfig({ ...FAILPOINTS, NODE_ENV: 'test' }).failpoints?.faults).toHaveLength(1);
  });

  it('names everything that is wrong at once', () => {
    const env = { REDIS_URL: 'redis://h:6379', NIGHTSHIFT_LEASE_MS: '1', NIGHTSHIFT_FAILPOINTS: 'nonsense' };
    expect(() => readConfig(env)).toThrow(ConfigError);
    expect(() => readConfig(env)).toThrow(
      /DATABASE_URL[\s\S]*ANTHROPIC_API_KEY[\s\S]*NIGHTSHIFT_LEASE_MS[\s\S]*NIGHTSHIFT_FAILPOINTS/,
    );
  });
});
