import { describe, expect, it } from 'vitest';
import { ConfigError, readConfig } from './config.ts';

const REQUIRED = { DATABASE_URL: 'postgres://u:p@h/db', REDIS_URL: 'redis://h:6379' };

describe('readConfig', () => {
  it('fills in what is not given and freezes all of it', () => {
    const config = readConfig(REQUIRED);
    expect(config.http).toMatchObject({ host: '127.0.0.1', port: 3000 });
    expect(config.tasks.agents).toEqual(['document-analyst', 'composer']);
    expect(config.s3).toMatchObject({ endpoint: undefined, bucket: 'nightshift', forcePathStyle: false });
    expect(() => Object.assign(config.streams, { maxTotal: 1 })).toThrow(TypeError);
  });

  it('names everything that is wrong at once', () => {
    const env = { DATABASE_URL: 'mysql://x', PORT: '99999', S3_FORCE_PATH_STYLE: 'yes', S3_ENDPOINT: 'nowhere' };
    try {
      readConfig(env);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      const names = (error as ConfigError).problems.map((problem) => problem.split(' ')[0]);
      expect(names).toEqual(['PORT', 'DATABASE_URL', 'REDIS_URL', 'S3_ENDPOINT', 'S3_FORCE_PATH_STYLE']);
    }
  });

  it('takes an empty variable for an absent one, and a list of agents', () => {
    const env = { ...REQUIRED, PORT: '', S3_ENDPOINT: '', NIGHTSHIFT_AGENTS: ' a, b ,' };
    expect(readConfig(env).http.port).toBe(3000);
    expect(readConfig(env).s3.endpoint).toBeUndefined();
    expect(readConfig(env).tasks.agents).toEqual(['a', 'b']);
  });

  it('refuses failpoints in production, and has none unless it is told', () => {
    const env = { ...REQUIRED, NIGHTSHIFT_FAILPOINTS: 'store.insert-task.after=kill' };
    expect(() => readConfig({ ...env, NODE_ENV: 'production' })).toThrow(/NIGHTSHIFT_FAILPOINTS is refused/);
    expect(readConfig({ ...REQUIRED, NODE_ENV: 'production' }).failpoints).toBeUndefined();
    expect(readConfig({ ...env, NODE_ENV: 'test' }).failpoints?.faults).toHaveLength(1);
  });
});
