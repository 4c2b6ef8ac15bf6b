import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Stack, startStack } from '@nightshift/local';
import { openPool } from '@nightshift/store';
import type { Logger } from '@nightshift/telemetry';
import type { CliConfig } from '../config.ts';
import { type PreparedDatabase, prepareDatabase } from '../database/prepare-database.ts';
import { describeError } from '../up/describe-error.ts';
import type { ServingPlace } from '../view/reporter.ts';
import { chooseApiPort } from './choose-api-port.ts';
import { prepareBucket } from './prepare-bucket.ts';
import { readLogTail } from './read-log-tail.ts';
import { toServiceEnvironment } from './service-environment.ts';
import { WorkerStartError, waitForWorkers } from './wait-for-workers.ts';

const WORKER_START_TIMEOUT_MS = 30_000;
const API_START_TIMEOUT_MS = 30_000;
const LOG_TAIL_LINES = 15;

export interface StartServicesOptions {
  readonly config: CliConfig;
  readonly dataDir: string;
  readonly port: number | undefined;
  readonly workers: number;
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly message: (text: string) => void;
  /** Told as soon as there is something to stop. */
  readonly onStack: (stack: Stack) => void;
}

/** The API and the workers, running on the stack. */
export interface Services {
  readonly place: ServingPlace;
  readonly apiKey: string;
}

/**
 * Starts the stack, prepares the database, then starts the API and the workers as processes of their own and waits until
 * requests are answered and tasks are worked on. What has been started when it fails is stopped by the stack's `stop`.
 * @throws the errors of startStack, migrate and startProcess, PortInUseError, WorkerStartError
 */
export async function startServices(options: StartServicesOptions): Promise<Services> {
  const { config, dataDir, signal, log, message } = options;
  const stack = await startStack({ dataDir, cacheDir: config.cacheDir, env: config.services, log: message });
  options.onStack(stack);
  signal.throwIfAborted();
  const isHere = (name: string) => stack.services.some((service) => service.name === name && service.place === 'here');
  const database = await prepareDatabase({
    databaseUrl: stack.databaseUrl,
    isLocal: isHere('postgres'),
    dataDir,
    migrationsDir: join(config.projectDir, 'migrations'),
    log,
  }).catch((error: Error) => {
    const which = isHere('postgres') ? 'here' : 'of DATABASE_URL';
    throw new Error(`the database ${which} cannot be prepared: ${describeError(error)}`, { cause: error });
  });
  if (!isHere('s3')) await prepareBucket(stack, log);
  signal.throwIfAborted();
  const port = await chooseApiPort(dataDir, options.port);
  await startProcesses(options, stack, database, port);
  return {
    apiKey: database.apiKey,
    place: {
      apiUrl: `http://127.0.0.1:${port}`,
      apiKeyFile: database.apiKeyFile,
      dataDir,
      logDir: join(dataDir, 'logs'),
      databaseUrlFile: database.ownerUrlFile,
      isStandInModel: isHere('model'),
    },
  };
}

/** All at the same time; when one cannot be started, the others are not waited for. */
async function startProcesses(
  options: StartServicesOptions,
  stack: Stack,
  database: PreparedDatabase,
  port: number,
): Promise<void> {
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  try {
    await Promise.all([
      startApi(options, stack, database, port),
      startWorkers({ ...options, signal }, stack, database),
    ]);
  } catch (error) {
    failed.abort();
    throw error;
  }
}

async function startApi(
  { config }: StartServicesOptions,
  stack: Stack,
  database: PreparedDatabase,
  port: number,
): Promise<void> {
  await stack.startProcess({
    name: 'api',
    ...programOf(config, 'api'),
    cwd: config.projectDir,
    env: { ...environmentOf(config, stack, database.apiUrl), HOST: '127.0.0.1', PORT: String(port) },
    port,
    readyUrl: `http://127.0.0.1:${port}/readyz`,
    readyTimeoutMs: API_START_TIMEOUT_MS,
  });
}

async function startWorkers(
  { config, workers, signal, log }: StartServicesOptions,
  stack: Stack,
  database: PreparedDatabase,
): Promise<void> {
  const env = environmentOf(config, stack, database.workerUrl);
  const names = Array.from({ length: workers }, (_, index) => `worker-${index + 1}`);
  const started = await Promise.all(
    names.map((name) =>
      stack.startProcess({
        name,
        ...programOf(config, 'worker'),
        cwd: config.projectDir,
        env: { ...env, NIGHTSHIFT_WORKER_NAME: name },
      }),
    ),
  );
  const db = openPool({
    databaseUrl: stack.databaseUrl,
    applicationName: 'nightshift up',
    maxConnections: 1,
    log,
  });
  try {
    await waitForWorkers({ db, workers: started, timeoutMs: WORKER_START_TIMEOUT_MS, signal });
  } catch (error) {
    const logFile = started[0]?.logFile ?? '';
    if (!(error instanceof WorkerStartError)) throw error;
    throw new WorkerStartError(`${error.message}, log: ${logFile}\n${readLogTail(logFile, LOG_TAIL_LINES)}`);
  } finally {
    await db.end();
  }
}

function environmentOf(config: CliConfig, stack: Stack, databaseUrl: string): NodeJS.ProcessEnv {
  const isLocalModel = stack.services.some(({ name, place }) => name === 'model' && place === 'here');
  return toServiceEnvironment({ env: config.env, settings: stack, databaseUrl, isLocalModel });
}

/** The built program. */
function programOf(config: CliConfig, app: 'api' | 'worker'): { command: string; args: string[] } {
  const main = join(config.projectDir, 'apps', app, 'dist', 'main.js');
  if (!existsSync(main)) throw new Error(`${main} does not exist: run "npm run build" first`);
  return { command: process.execPath, args: [main] };
}
