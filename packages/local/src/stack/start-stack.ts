import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { MODEL_NAME } from '../model/protocol/build-reply.ts';
import { startModelServer } from '../model/server/start-model-server.ts';
import { startS3Server } from '../s3/start-s3-server.ts';
import { startSpeechServer } from '../speech/start-speech-server.ts';
import { chooseRegion, chooseServices } from './choose-services.ts';
import { listenOnRememberedPort } from './listen-on-remembered-port.ts';
import { type DataDirLock, lockDataDir } from './lock-data-dir.ts';
import { prepareDataDir } from './prepare-data-dir.ts';
import { createProcessGroup, type ProcessGroup, type ProcessInfo, type StackProcessOptions } from './process-group.ts';
import { readOrCreateSecret } from './read-or-create-secret.ts';
import type {
  AnthropicSettings,
  PollySettings,
  S3Settings,
  StackEnvironment,
  StackSettings,
} from './stack-settings.ts';
import { startPostgres } from './start-postgres.ts';
import type { RunningProcess } from './start-process.ts';
import { startRedis } from './start-redis.ts';
import { stopOrphan } from './stop-orphan.ts';

const BUCKET = 'nightshift';
const ACCESS_KEY_ID = 'nightshift-local';
const ORPHAN_STOP_STEPS = [
  { signal: 'SIGTERM' as const, waitMs: 5_000 },
  { signal: 'SIGKILL' as const, waitMs: 5_000, group: true },
];

export interface StartStackOptions {
  /** Everything the stack keeps: data, ports, passwords, logs. One stack at a time. */
  readonly dataDir: string;
  /** Where programs fetched for this machine are kept. Default: `cache` in the data folder. */
  readonly cacheDir?: string | undefined;
  /** The services given from outside; the others are started here. */
  readonly env: StackEnvironment;
  /** Context window of the local model server. */
  readonly contextWindowTokens?: number | undefined;
  readonly log: (message: string) => void;
}

/** One of the five services. */
export interface StackService {
  readonly name: 'postgres' | 'redis' | 's3' | 'speech' | 'model';
  /** `here`: started by and with this stack. */
  readonly place: 'here' | 'outside';
  /** Undefined for one outside. */
  readonly port: number | undefined;
  /** Undefined for one outside, and while a server is being started again; the pid of the launcher for the three in it. */
  readonly pid: number | undefined;
}

/** The running stack, and the settings to reach its services. */
export interface Stack extends StackSettings {
  readonly services: readonly StackService[];
  /** The processes started with `startProcess`, in the order of their start. */
  readonly processes: readonly ProcessInfo[];
  /** Starts a process that lives with the stack; see `startProcess`. Its log is `logs/<name>.log` in the data folder. */
  startProcess(options: StackProcessOptions): Promise<RunningProcess>;
  /** Stops what was started here, the last first, by id, and keeps the data. May be called more than once. */
  stop(): Promise<void>;
}

/**
 * Starts every service that is not given from outside, all at the same time, and what is left of an earlier stack that
 * was killed is stopped first. When one of them cannot be started the others are stopped again.
 * @throws AlreadyRunningError when another launcher runs on the data folder, and the errors of startPostgres and startRedis
 */
export async function startStack(options: StartStackOptions): Promise<Stack> {
  const dataDir = resolve(options.dataDir);
  const lock = lockDataDir(dataDir);
  const started: StartedServices = { local: [], stops: new Map() };
  try {
    await stopOrphans(join(dataDir, 'processes'), options.log);
    const settings = await startServices({ ...options, dataDir }, started);
    const group = createProcessGroup({ dataDir, log: options.log });
    return assembleStack(settings, started, group, lock);
  } catch (error) {
    await stopServices(started).catch((failure: Error) => options.log(`while cleaning up: ${failure.message}`));
    lock.release();
    throw error;
  }
}

type ServiceName = StackService['name'];

interface StartedServices {
  readonly local: { readonly name: ServiceName; readonly port: number; readonly pid: () => number | undefined }[];
  readonly stops: Map<ServiceName, () => Promise<void>>;
}

function assembleStack(
  settings: StackSettings,
  started: StartedServices,
  group: ProcessGroup,
  lock: DataDirLock,
): Stack {
  let stopped: Promise<void> | undefined;
  const stop = async () => {
    try {
      await group.stop();
    } finally {
      await stopServices(started).finally(() => lock.release());
    }
  };
  return {
    ...settings,
    get services() {
      return SERVICE_NAMES.map((name): StackService => {
        const here = started.local.find((service) => service.name === name);
        if (here === undefined) return { name, place: 'outside', port: undefined, pid: undefined };
        return { name, place: 'here', port: here.port, pid: here.pid() };
      });
    },
    get processes() {
      return group.list();
    },
    startProcess: (processOptions) => group.start(processOptions),
    stop() {
      stopped ??= stop();
      return stopped;
    },
  };
}

const SERVICE_NAMES: readonly ServiceName[] = ['postgres', 'redis', 's3', 'speech', 'model'];

/** The last in the list first; one that fails does not keep the others running. */
async function stopServices(started: StartedServices): Promise<void> {
  const failures: unknown[] = [];
  for (const name of [...SERVICE_NAMES].reverse()) {
    await started.stops
      .get(name)?.()
      .catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0)
    throw new AggregateError(failures, `not everything could be stopped: ${failures.join('; ')}`);
}

/** Processes of a launcher that was killed. They must not go on working while the servers under them are replaced. */
async function stopOrphans(pidDir: string, log: (message: string) => void): Promise<void> {
  prepareDataDir(pidDir);
  const names = readdirSync(pidDir).filter((name) => name.endsWith('.pid'));
  const stops = names.map((file) =>
    stopOrphan({
      name: file.slice(0, -'.pid'.length),
      pidFile: join(pidDir, file),
      stopSteps: ORPHAN_STOP_STEPS,
      log,
    }),
  );
  await Promise.all(stops);
}

async function startServices(options: StartStackOptions, started: StartedServices): Promise<StackSettings> {
  const choice = chooseServices(options.env);
  const starts = [
    choice.databaseUrl ?? startLocalPostgres(options, started),
    choice.redisUrl ?? startLocalRedis(options, started),
    choice.s3 ?? startLocalS3(options, started),
    choice.polly ?? startLocalSpeech(options, started),
    choice.anthropic ?? startLocalModel(options, started),
  ] as const;
  // All have to settle: one that is still starting when another fails would be left running.
  await Promise.allSettled(starts);
  const [databaseUrl, redisUrl, s3, polly, anthropic] = await Promise.all(starts);
  return { databaseUrl, redisUrl, s3, polly, anthropic };
}

async function startLocalPostgres({ dataDir, log }: StartStackOptions, started: StartedServices): Promise<string> {
  const postgres = await startPostgres({ dataDir: join(dataDir, 'postgres'), log });
  started.local.push({ name: 'postgres', port: postgres.port, pid: () => postgres.pid });
  started.stops.set('postgres', () => postgres.stop());
  return postgres.url;
}

async function startLocalRedis(options: StartStackOptions, started: StartedServices): Promise<string> {
  const { dataDir, log } = options;
  const cacheDir = options.cacheDir ?? join(dataDir, 'cache');
  const redis = await startRedis({ dataDir: join(dataDir, 'redis'), cacheDir, log });
  started.local.push({ name: 'redis', port: redis.port, pid: () => redis.pid });
  started.stops.set('redis', () => redis.stop());
  return redis.url;
}

async function startLocalS3({ dataDir, env, log }: StartStackOptions, started: StartedServices): Promise<S3Settings> {
  const dir = join(dataDir, 's3');
  prepareDataDir(dir);
  // Kept, like the port: URLs signed before a restart stay valid after it.
  const secretAccessKey = readOrCreateSecret(join(dir, 'secret-access-key'));
  const region = chooseRegion(env);
  const server = await listenOnRememberedPort(join(dir, 'port'), (port) =>
    startS3Server({
      dataDir: join(dir, 'data'),
      port,
      accessKeyId: ACCESS_KEY_ID,
      secretAccessKey,
      region,
      buckets: [BUCKET],
      log,
    }),
  );
  addInProcessServer('s3', server, started);
  return {
    endpoint: server.url,
    bucket: BUCKET,
    region,
    accessKeyId: ACCESS_KEY_ID,
    secretAccessKey,
    forcePathStyle: true,
  };
}

async function startLocalSpeech(options: StartStackOptions, started: StartedServices): Promise<PollySettings> {
  const { dataDir, env, log } = options;
  const dir = join(dataDir, 'speech');
  prepareDataDir(dir);
  const server = await listenOnRememberedPort(join(dir, 'port'), (port) => startSpeechServer({ port, log }));
  addInProcessServer('speech', server, started);
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  return { endpoint: server.url, region: chooseRegion(env), credentials };
}

async function startLocalModel(options: StartStackOptions, started: StartedServices): Promise<AnthropicSettings> {
  const { dataDir, log, contextWindowTokens } = options;
  const dir = join(dataDir, 'model');
  prepareDataDir(dir);
  const window = contextWindowTokens === undefined ? {} : { contextWindowTokens };
  const server = await listenOnRememberedPort(join(dir, 'port'), (port) => startModelServer({ port, log, ...window }));
  addInProcessServer('model', server, started);
  return { apiKey: 'local', baseUrl: server.url, model: MODEL_NAME };
}

function addInProcessServer(
  name: ServiceName,
  server: { port: number; close(): Promise<void> },
  started: StartedServices,
): void {
  started.local.push({ name, port: server.port, pid: () => process.pid });
  started.stops.set(name, () => server.close());
}
