import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { choosePort, isPortFree } from './choose-port.ts';
import { choosePostgresAccount, type PostgresAccount, runAsAccount } from './choose-postgres-account.ts';
import { createPostgresCluster, readClusterVersion } from './create-postgres-cluster.ts';
import { findPostgresBinaries, type PostgresBinaries } from './find-postgres-binaries.ts';
import { DEFAULT_RESTART_POLICY, keepRunning } from './keep-running.ts';
import { launchProcess, ProcessStartError } from './launch-process.ts';
import { prepareDataDir } from './prepare-data-dir.ts';
import { readOrCreateSecret } from './read-or-create-secret.ts';
import { stopOrphan } from './stop-orphan.ts';
import type { StopStep } from './stop-process.ts';
import { tieToParent } from './tie-to-parent.ts';

/** Crash recovery of a large write-ahead log may take a while. */
const READY_TIMEOUT_MS = 120_000;
const MAX_PORT_TRIES = 3;
const SUPERUSER = 'postgres';

/** Fast shutdown, then immediate shutdown, then the end (PostgreSQL manual, "Shutting Down the Server"). */
const STOP_STEPS: readonly StopStep[] = [
  { signal: 'SIGINT', waitMs: 15_000 },
  { signal: 'SIGQUIT', waitMs: 5_000 },
  { signal: 'SIGKILL', waitMs: 5_000, group: true },
];

/** What is accepted must not be lost with the power, so both are on; a caller may set them otherwise. */
const DEFAULT_SETTINGS: Readonly<Record<string, string>> = {
  fsync: 'on',
  synchronous_commit: 'on',
  max_connections: '100',
  timezone: 'UTC',
  log_timezone: 'UTC',
};

export interface StartPostgresOptions {
  /** Holds everything: the cluster, the password, the port, the log, the pid file. One launcher at a time. */
  readonly dataDir: string;
  readonly log: (message: string) => void;
  /** Default: the one used last time when it is free, else a free one. */
  readonly port?: number | undefined;
  /** Used when the cluster is made (default: a random one) and kept in a file only the owner can read. */
  readonly superuserPassword?: string | undefined;
  /** Server settings on top of, and instead of, ours (`{ fsync: 'off' }`). */
  readonly settings?: Readonly<Record<string, string>> | undefined;
  /** Default true: it shuts down when this process dies, however it dies. False leaves it to the next start to stop it. */
  readonly tiedToParent?: boolean | undefined;
}

/** A running Postgres that is started again when it dies. */
export interface RunningPostgres {
  /** Connection URL of the superuser, database `postgres`. */
  readonly url: string;
  readonly port: number;
  /** Of the postmaster; undefined while it is being started again. */
  readonly pid: number | undefined;
  readonly majorVersion: number;
  readonly logFile: string;
  stop(): Promise<void>;
}

/**
 * Starts a private Postgres on 127.0.0.1, with passwords for every connection and no Unix socket. Nothing of a Postgres
 * that runs on the machine already is touched. What a killed launcher has left running on the same folder is stopped
 * first.
 * @throws DataDirError, PostgresUnavailableError, PostgresAccountError, PostgresClusterError, PortInUseError, ProcessStartError
 */
export async function startPostgres(options: StartPostgresOptions): Promise<RunningPostgres> {
  const { log } = options;
  const dataDir = resolve(options.dataDir);
  prepareDataDir(dataDir);
  const clusterDir = join(dataDir, 'cluster');
  const serverPidFile = join(clusterDir, 'postmaster.pid');
  const pidFile = join(dataDir, 'postgres.pid');
  const server = { pidFile: serverPidFile, mark: clusterDir };
  await stopOrphan({ name: 'postgres', pidFile, server, stopSteps: STOP_STEPS, log });

  const binaries = await findPostgresBinaries({ majorVersion: readClusterVersion(clusterDir), log });
  const account = await choosePostgresAccount({ dataDir, binaries });
  const password = readOrCreateSecret(join(dataDir, 'superuser-password'), options.superuserPassword);
  await createPostgresCluster({ clusterDir, binaries, account, password });

  const logFile = join(dataDir, 'postgres.log');
  const plan = { dataDir, clusterDir, serverPidFile, pidFile, logFile, binaries, account };
  const { port, kept } = await launchOnFreePort(options, plan);
  log(`postgres ${binaries.majorVersion} (${binaries.source}) on port ${port}, pid ${kept.pid}`);
  return {
    url: `postgres://${SUPERUSER}:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`,
    port,
    majorVersion: binaries.majorVersion,
    logFile,
    get pid() {
      return kept.pid;
    },
    stop: () => kept.stop(),
  };
}

interface Plan {
  readonly dataDir: string;
  readonly clusterDir: string;
  readonly serverPidFile: string;
  readonly pidFile: string;
  readonly logFile: string;
  readonly binaries: PostgresBinaries;
  readonly account: PostgresAccount;
}

/** Somebody may take the port between the check and the start; then another one is tried. */
async function launchOnFreePort(options: StartPostgresOptions, plan: Plan) {
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

async function launchAndKeep(options: StartPostgresOptions, plan: Plan, port: number) {
  const { command, args, ...ids } = await buildCommand(options, plan, port);
  return keepRunning({
    name: 'postgres',
    log: options.log,
    restart: DEFAULT_RESTART_POLICY,
    launch: (signal) =>
      launchProcess(
        {
          name: 'postgres',
          command,
          args,
          ...ids,
          env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' },
          cwd: '/',
          logFile: plan.logFile,
          pidFile: plan.pidFile,
          readyTimeoutMs: READY_TIMEOUT_MS,
          stopSteps: STOP_STEPS,
          isReady: ({ pid }) => isPostmasterReady(plan.serverPidFile, pid),
        },
        signal,
      ),
  });
}

async function buildCommand(options: StartPostgresOptions, plan: Plan, port: number) {
  const settings: Record<string, string> = {
    ...DEFAULT_SETTINGS,
    ...options.settings,
    port: String(port),
    listen_addresses: '127.0.0.1',
    // No socket at all: TCP with a password is enough, and the path of a socket may be 107 bytes at most.
    unix_socket_directories: '',
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = { command: plan.binaries.postgres, args: ['-D', plan.clusterDir, ...flags] };
  // Inside the namespace, not around it: entering one changes credentials, which makes the kernel forget the wish.
  const isTied = options.tiedToParent ?? true;
  return runAsAccount(plan.account, isTied ? await tieToParent(server, 'SIGINT') : server);
}

/** The postmaster writes its pid in line 1 and its state in line 8 of its pid file (as `pg_ctl -w` reads it). */
function isPostmasterReady(serverPidFile: string, pid: number): boolean {
  try {
    const lines = readFileSync(serverPidFile, 'utf8').split('\n');
    return Number(lines[0]) === pid && lines[7]?.trim() === 'ready';
  } catch {
    return false;
  }
}
