import { createHash } from 'node:crypto';
import { mkdirSync, renameSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { askRedis } from './ask-redis.ts';
import { choosePort, isPortFree } from './choose-port.ts';
import { findRedisServer, type RedisServer } from './find-redis-server.ts';
import { DEFAULT_RESTART_POLICY, keepRunning } from './keep-running.ts';
import { type LaunchedProcess, launchProcess, ProcessStartError } from './launch-process.ts';
import { prepareDataDir } from './prepare-data-dir.ts';
import { readOrCreateSecret } from './read-or-create-secret.ts';
import { runCommand } from './run-command.ts';
import { stopOrphan } from './stop-orphan.ts';
import type { StopStep } from './stop-process.ts';
import { type Command, tieToParent } from './tie-to-parent.ts';
import { writeRedisConfig } from './write-redis-config.ts';

const READY_TIMEOUT_MS = 60_000;
/** The first start in Docker fetches the image. */
const DOCKER_READY_TIMEOUT_MS = 300_000;
const MAX_PORT_TRIES = 3;

const STOP_STEPS: readonly StopStep[] = [
  { signal: 'SIGTERM', waitMs: 10_000 },
  { signal: 'SIGKILL', waitMs: 5_000, group: true },
];

/** What Redis 6 to 8 and Valkey say when they give up because of the files they find. */
const DAMAGED_DATA = [
  /(bad file format|unexpected end of file|unrecoverable error|error) reading the append.?only file/i,
  /aof loading aborted|aof manifest|aof file .* (is not exist|doesn't exist|not found)/i,
  /fatal error loading the db|wrong signature trying to load|can't handle rdb|short read or oom|internal error in rdb/i,
  /rdb (crc|file reading)/i,
];

export interface StartRedisOptions {
  /** Holds everything: data, configuration, password, port, log, pid file. One launcher at a time. */
  readonly dataDir: string;
  /** Where a Redis fetched for this machine is kept; may be shared by several data folders. */
  readonly cacheDir: string;
  readonly log: (message: string) => void;
  /** Default: the one used last time when it is free, else a free one. */
  readonly port?: number | undefined;
  /** Default true: it ends when this process dies, however it dies. False leaves it to the next start to stop it. */
  readonly tiedToParent?: boolean | undefined;
}

/** A running Redis that is started again when it dies. */
export interface RunningRedis {
  /** Connection URL with the password. */
  readonly url: string;
  readonly port: number;
  /** Undefined while it is being started again. With Docker, of the `docker run` that holds the container. */
  readonly pid: number | undefined;
  readonly kind: RedisServer['kind'];
  readonly logFile: string;
  stop(): Promise<void>;
}

/**
 * Starts a private Redis on 127.0.0.1 with a password. What a killed launcher has left running on the same folder is
 * stopped first. Data it cannot read is put aside, with a loud message, and it starts empty: what must not be lost is
 * in Postgres, Redis only carries it.
 * @throws DataDirError, RedisUnavailableError, PortInUseError, ProcessStartError
 */
export async function startRedis(options: StartRedisOptions): Promise<RunningRedis> {
  const { cacheDir, log } = options;
  const dataDir = resolve(options.dataDir);
  const filesDir = join(dataDir, 'data');
  prepareDataDir(dataDir);
  mkdirSync(filesDir, { recursive: true });
  const plan: Omit<Plan, 'server' | 'password'> = {
    dataDir,
    filesDir,
    configFile: join(dataDir, 'redis.conf'),
    serverPidFile: join(dataDir, 'redis-server.pid'),
    pidFile: join(dataDir, 'redis.pid'),
    logFile: join(dataDir, 'redis.log'),
  };
  const orphanServer = { pidFile: plan.serverPidFile, mark: plan.configFile };
  await stopOrphan({ name: 'redis', pidFile: plan.pidFile, server: orphanServer, stopSteps: STOP_STEPS, log });
  const password = readOrCreateSecret(join(dataDir, 'password'));
  const server = await findRedisServer({ cacheDir: resolve(cacheDir), log });
  const { port, kept } = await launchOnFreePort(options, { ...plan, server, password });
  log(`redis (${server.kind}) on port ${port}, pid ${kept.pid}`);
  return {
    url: `redis://:${password}@127.0.0.1:${port}`,
    port,
    kind: server.kind,
    logFile: plan.logFile,
    get pid() {
      return kept.pid;
    },
    stop: () => kept.stop(),
  };
}

interface Plan {
  readonly dataDir: string;
  readonly filesDir: string;
  readonly configFile: string;
  readonly serverPidFile: string;
  readonly pidFile: string;
  readonly logFile: string;
  readonly password: string;
  readonly server: RedisServer;
}

/** Somebody may take the port between the check and the start; then another one is tried. */
async function launchOnFreePort(options: StartRedisOptions, plan: Plan) {
  for (let tries = 1; ; tries += 1) {
    const port = await choosePort({ file: join(plan.dataDir, 'port'), port: options.port });
    try {
      return { port, kept: await launchAndKeep(options, plan, port) };
    } catch (error) {
      const isTaken = error instanceof ProcessStartError && !(await isPortFree(port));
      if (!isTaken || options.port !== undefined || tries === MAX_PORT_TRIES) throw error;
    }
  }
}

async function launchAndKeep(options: StartRedisOptions, plan: Plan, port: number) {
  const command = buildCommand(plan, port);
  const launchable = (options.tiedToParent ?? true) ? await tieToParent(command, 'SIGTERM') : command;
  return keepRunning({
    name: 'redis',
    log: options.log,
    restart: DEFAULT_RESTART_POLICY,
    launch: (signal) => launchOnReadableData(plan, () => launchOnce(plan, launchable, port, signal), options.log),
  });
}

async function launchOnReadableData(
  plan: Plan,
  launch: () => Promise<LaunchedProcess>,
  log: (message: string) => void,
): Promise<LaunchedProcess> {
  try {
    return await launch();
  } catch (error) {
    if (!(error instanceof ProcessStartError) || !isDataDamaged(error)) throw error;
    const aside = `${plan.filesDir}.damaged-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`;
    renameSync(plan.filesDir, aside);
    mkdirSync(plan.filesDir);
    log(`redis: ITS DATA IS DAMAGED and cannot be loaded. It was moved to ${aside}; Redis starts empty.`);
    log('redis: nothing that was accepted is lost, it is all in Postgres and will be queued again.');
    return launch();
  }
}

/** It must have given up by itself: a Redis that is merely slow to load keeps its data. */
function isDataDamaged(error: ProcessStartError): boolean {
  return error.exit !== undefined && DAMAGED_DATA.some((pattern) => pattern.test(error.output));
}

async function launchOnce(plan: Plan, command: Command, port: number, signal: AbortSignal): Promise<LaunchedProcess> {
  const { server, password } = plan;
  const isDocker = server.kind === 'docker';
  // A container outlives a `docker run` that was killed; the name belongs to this data folder alone.
  if (server.kind === 'docker') await runCommand(server.docker, ['rm', '--force', containerName(plan.dataDir)]);
  writeRedisConfig({
    file: plan.configFile,
    bind: isDocker ? '0.0.0.0' : '127.0.0.1',
    port: isDocker ? 6379 : port,
    dataDir: isDocker ? '/nightshift/data' : plan.filesDir,
    serverPidFile: isDocker ? '/nightshift/redis-server.pid' : plan.serverPidFile,
    password,
    majorVersion: server.kind === 'docker' ? undefined : server.binary.version[0],
  });
  return launchProcess(
    {
      name: 'redis',
      ...command,
      env: server.kind === 'docker' ? undefined : { ...server.binary.env, LC_ALL: 'C', PATH: '/usr/bin:/bin' },
      cwd: plan.dataDir,
      logFile: plan.logFile,
      pidFile: plan.pidFile,
      readyTimeoutMs: isDocker ? DOCKER_READY_TIMEOUT_MS : READY_TIMEOUT_MS,
      stopSteps: STOP_STEPS,
      isReady: async ({ pid }) => {
        const info = await askRedis({ port, password });
        return info !== undefined && (isDocker || info.processId === pid);
      },
    },
    signal,
  );
}

function buildCommand(plan: Plan, port: number): Command {
  const { server } = plan;
  if (server.kind !== 'docker') return { command: server.binary.path, args: [plan.configFile] };
  const user = process.getuid === undefined ? [] : ['--user', `${process.getuid()}:${process.getgid?.() ?? 0}`];
  const mount = ['--volume', `${plan.dataDir}:/nightshift`];
  const run = ['run', '--rm', '--init', '--name', containerName(plan.dataDir), '--publish', `127.0.0.1:${port}:6379`];
  return {
    command: server.docker,
    args: [...run, ...user, ...mount, server.image, 'redis-server', '/nightshift/redis.conf'],
  };
}

/** A name that stands for one data folder. */
function containerName(dataDir: string): string {
  return `nightshift-redis-${createHash('sha256').update(dataDir).digest('hex').slice(0, 16)}`;
}
