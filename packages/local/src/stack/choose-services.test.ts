import { describe, expect, it } from 'vitest';
import { chooseServices } from './choose-services.ts';

const AWS = { AWS_ACCESS_KEY_ID: 'AK', AWS_SECRET_ACCESS_KEY: 'SK', AWS_REGION: 'eu-west-1' };

describe('chooseServices', () => {
  it('leaves every service to be run here when nothing, or only empty values, are given', () => {
    const here = { databaseUrl: undefined, redisUrl: undefined, s3: undefined, polly: undefined, anthropic: undefined };
    expect(chooseServices({})).toEqual(here);
    expect(chooseServices({ DATABASE_URL: '', S3_BUCKET: '', POLLY_ENDPOINT: '', ANTHROPIC_API_KEY: '' })).toEqual(
      here,
    );
  });

  it('takes each service from outside on its own', () => {
    expect(chooseServices({ DATABASE_URL: 'postgres://x' })).toMatchObject({
      databaseUrl: 'postgres://x',
      s3: undefined,
    });
    expect(chooseServices({ REDIS_URL: 'redis://x' })).toMatchObject({ redisUrl: 'redis://x', databaseUrl: undefined });
  });

  it('uses AWS itself for Polly with credentials alone, while S3 stays here', () => {
    const choice = chooseServices(AWS);
    expect(choice.polly).toEqual({
      region: 'eu-west-1',
      credentials: { accessKeyId: 'AK', secretAccessKey: 'SK' },
    });
    expect(choice.s3).toBeUndefined();
  });

  it('uses AWS itself for S3 with a bucket alone and path style only with an endpoint', () => {
    expect(chooseServices({ S3_BUCKET: 'b', ...AWS }).s3).toEqual({
      bucket: 'b',
      region: 'eu-west-1',
      accessKeyId: 'AK',
      secretAccessKey: 'SK',
      forcePathStyle: false,
    });
    expect(chooseServices({ S3_ENDPOINT: 'http://s3' }).s3).toMatchObject({
      endpoint: 'http://s3',
      bucket: 'nightshift',
      forcePathStyle: true,
    });
  });

  it('uses another model server with a base URL alone', () => {
    expect(chooseServices({ ANTHROPIC_BASE_URL: 'http://m', ANTHROPIC_MODEL: 'llama' }).anthropic).toEqual({
      apiKey: 'none',
      baseUrl: 'http://m',
      model: 'llama',
    });
  });

  it('chooseServices keeps speech here when the credentials belong to an S3 server that is not AWS', () => {
    const env = { S3_ENDPOINT: 'http://minio:9000', AWS_ACCESS_KEY_ID: 'AK', AWS_SECRET_ACCESS_KEY: 'SK' };
    expect(chooseServices(env)).toMatchObject({ polly: undefined, s3: { accessKeyId: 'AK' } });
    const aws = { ...env, S3_ENDPOINT: 'https://s3.eu-west-1.amazonaws.com' };
    expect(chooseServices(aws).polly?.credentials?.accessKeyId).toBe('AK');
    const both = { ...env, POLLY_ENDPOINT: 'http://speech:1' };
    expect(chooseServices(both).polly).toMatchObject({
      endpoint: 'http://speech:1',
      credentials: { accessKeyId: 'AK' },
    });
  });
});
