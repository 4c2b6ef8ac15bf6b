import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { readConfig as readApiConfig } from '../../apps/api/src/config.ts';
import { readConfig as readWorkerConfig } from '../../apps/worker/src/config.ts';
import { readProjectFile } from '../architecture/project-files.ts';
import { listSettings } from './list-settings.ts';

const Service = z.object({
  image: z.string(),
  build: z.string().optional(),
  restart: z.string(),
  command: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()).default({}),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  healthcheck: z.object({ test: z.array(z.string()).optional(), disable: z.boolean().optional() }).optional(),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
  deploy: z.object({ replicas: z.number() }).optional(),
  init: z.boolean().optional(),
});
const Compose = z.object({ services: z.record(z.string(), Service), volumes: z.record(z.string(), z.null()) });

const { services, volumes } = Compose.parse(parse(readProjectFile('docker-compose.yml'), { merge: true }));
const APPS = { api: readApiConfig, worker: readWorkerConfig } as const;

describe('docker-compose.yml', () => {
  it('has every part of the product, and two workers that are started again', () => {
    const names = ['postgres', 'redis', 's3', 'create-bucket', 'migrate', 'api', 'worker'];
    expect(Object.keys(services)).toEqual(names);
    expect(services.worker?.deploy?.replicas).toBe(2);
    for (const name of ['api', 'worker', 'postgres', 'redis', 's3']) {
      expect(services[name]?.restart, name).toBe('unless-stopped');
    }
    for (const name of ['migrate', 'create-bucket']) expect(services[name]?.restart, name).toBe('no');
  });

  it('names a version of every image of others', () => {
    for (const service of Object.values(services)) {
      if (service.build === undefined) expect(service.image).toMatch(/^[a-z/]+:(?!latest)[\w.-]+$/);
    }
  });

  it.each(['api', 'worker'] as const)('gives the %s only variables that it reads', (name) => {
    const unknown = Object.keys(services[name]?.environment ?? {}).filter(
      (variable) => !listSettings(APPS[name]).includes(variable),
    );
    expect(unknown).toEqual([]);
  });

  it.each(['api', 'worker'] as const)('gives the %s everything it needs', (name) => {
    expect(() => APPS[name](environmentOf(name))).not.toThrow();
  });

  it('has the same database, Redis, bucket and keys for the API and the workers', () => {
    const api = readApiConfig(environmentOf('api'));
    const worker = readWorkerConfig(environmentOf('worker'));
    expect(worker.databaseUrl).toBe(api.database.url);
    expect(worker.redis).toEqual(api.redis);
    expect(worker.s3.bucket).toBe(api.s3.bucket);
    expect(worker.s3.endpoint).toBe(api.s3.endpoint);
    expect(worker.s3.credentials?.secretAccessKey).toBe(api.s3.credentials?.secretAccessKey);
    expect(environmentOf('migrate').DATABASE_URL).toBe(api.database.url);
    expect(services['create-bucket']?.command).toContain(`local/${api.s3.bucket}`);
  });

  it('reaches services by their names and ports', () => {
    const { DATABASE_URL = '', REDIS_URL = '', S3_ENDPOINT = '' } = environmentOf('worker');
    expect(hostAndPort(DATABASE_URL)).toBe('postgres:5432');
    expect(hostAndPort(REDIS_URL)).toBe('redis:6379');
    expect(hostAndPort(S3_ENDPOINT)).toBe('s3:9000');
    expect(services.s3?.command).toContain(':9000');
    const { POSTGRES_USER, POSTGRES_DB, POSTGRES_PASSWORD } = environmentOf('postgres');
    const url = new URL(DATABASE_URL);
    expect([url.username, url.password, url.pathname]).toEqual([POSTGRES_USER, POSTGRES_PASSWORD, `/${POSTGRES_DB}`]);
  });

  it('publishes the port the API listens on', () => {
    expect(environmentOf('api').PORT).toBe('3000');
    expect(environmentOf('api').HOST).toBe('0.0.0.0');
    expect(services.api?.ports.map(resolveVariables)).toEqual(['3000:3000']);
    for (const [name, service] of Object.entries(services)) if (name !== 'api') expect(service.ports, name).toEqual([]);
  });

  it('waits for what can be waited for', () => {
    for (const [name, service] of Object.entries(services)) {
      for (const [other, { condition }] of Object.entries(service.depends_on)) {
        const target = services[other];
        expect(target, `${name} -> ${other}`).toBeDefined();
        if (condition === 'service_healthy') expect(target?.healthcheck?.test, other).toBeDefined();
        if (condition === 'service_completed_successfully') expect(target?.restart, other).toBe('no');
      }
    }
    for (const name of ['api', 'worker']) {
      expect(Object.keys(services[name]?.depends_on ?? {}).sort()).toEqual(['create-bucket', 'migrate', 'redis']);
    }
  });

  it('keeps Redis on disk and forbids it to drop keys', () => {
    const command = services.redis?.command?.join(' ') ?? '';
    expect(command).toContain('--appendonly yes --appendfsync everysec --maxmemory-policy noeviction');
  });

  it('keeps all data on declared volumes', () => {
    const used = Object.values(services).flatMap((service) => service.volumes.map((each) => each.split(':')[0] ?? ''));
    expect(used.sort()).toEqual(Object.keys(volumes).sort());
    for (const name of ['postgres', 'redis', 's3']) expect(services[name]?.volumes, name).toHaveLength(1);
  });

  it('starts programs that the Dockerfile makes', () => {
    for (const name of ['api', 'worker', 'migrate']) {
      expect(readProjectFile('Dockerfile')).toContain((services[name]?.command ?? []).join(' '));
      expect(services[name]?.init, name).toBe(true);
    }
    const port = String(services.worker?.environment?.NIGHTSHIFT_WORKER_PORT);
    expect(JSON.stringify(services.worker?.healthcheck)).toContain(`:${port}/livez`);
  });

  it('has no password in it', () => {
    const secrets = Object.values(services).flatMap((service) =>
      Object.entries(service.environment).filter(([name]) => /PASSWORD|SECRET/.test(name)),
    );
    expect(secrets.length).toBeGreaterThan(0);
    for (const [name, value] of secrets) expect(value, name).toMatch(/^\$\{[A-Z0-9_]+(?::\?[^}]+|:-)\}$/);
  });
});

/** The environment of a service as compose would hand it over, with `given` for what the operator must set. */
function environmentOf(name: string): Record<string, string> {
  const entries = Object.entries(services[name]?.environment ?? {});
  return Object.fromEntries(entries.map(([variable, value]) => [variable, resolveVariables(value)]));
}

function resolveVariables(text: string): string {
  return text.replace(/\$\{[A-Z0-9_]+:([?-])([^}]*)\}/g, (_, operator, fallback) =>
    operator === '-' ? fallback : 'given',
  );
}

function hostAndPort(url: string): string {
  return new URL(url).host;
}
