import type { StackSettings } from '@nightshift/local';
import { describe, expect, it } from 'vitest';
import { toServiceEnvironment } from './service-environment.ts';

const SETTINGS: StackSettings = {
  databaseUrl: 'postgres://owner@127.0.0.1/postgres',
  redisUrl: 'redis://127.0.0.1:1',
  s3: {
    endpoint: 'http://127.0.0.1:2',
    bucket: 'nightshift',
    region: 'eu-central-1',
    accessKeyId: 'local',
    secretAccessKey: 'secret',
    forcePathStyle: true,
  },
  polly: { region: 'eu-west-1', credentials: { accessKeyId: 'AK', secretAccessKey: 'SK', sessionToken: 'ST' } },
  anthropic: { apiKey: 'local', baseUrl: 'http://127.0.0.1:3', model: 'local-extractive-1' },
};

function read(env: NodeJS.ProcessEnv, isLocalModel: boolean, settings = SETTINGS) {
  return toServiceEnvironment({ env, settings, databaseUrl: 'postgres://api@127.0.0.1/postgres', isLocalModel });
}

describe('toServiceEnvironment', () => {
  it('gives each service its own credentials: a session of the real speech service is not used for the local S3', () => {
    expect(read({ PATH: '/bin', AWS_SESSION_TOKEN: 'ST', AWS_REGION: 'eu-west-1' }, true)).toMatchObject({
      PATH: '/bin',
      DATABASE_URL: 'postgres://api@127.0.0.1/postgres',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SESSION_TOKEN: undefined,
      AWS_REGION: 'eu-central-1',
      POLLY_ACCESS_KEY_ID: 'AK',
      POLLY_SESSION_TOKEN: 'ST',
      POLLY_ENDPOINT: undefined,
      ANTHROPIC_MODEL: 'local-extractive-1',
    });
  });

  it('leaves the choice of a given model server as it is', () => {
    expect(read({ ANTHROPIC_MODEL: 'a,b' }, false).ANTHROPIC_MODEL).toBe('a,b');
    expect(read({}, false).ANTHROPIC_MODEL).toBeUndefined();
  });
});
