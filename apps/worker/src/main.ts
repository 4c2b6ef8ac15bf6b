import { messageOf } from '@nightshift/domain';
import { createFailpoints, setFailpoints } from '@nightshift/resilience';
import { ConfigError, readConfig } from './config.ts';
import { createWorkerContext, type WorkerContext } from './context.ts';
import { EXIT_RESTART, exitOnErrors } from './exit-on-errors.ts';
import { loadAgentsModule } from './load-agents-module.ts';
import { serveProbes } from './serve-probes.ts';
import { startWorker, type Worker } from './start-worker.ts';
import { within } from './within.ts';

const START_RETRY_MS = 1_000;
/** Connections that do not close by then are cut by the exit: by now nothing depends on them. */
const CLOSE_TIMEOUT_MS = 3_000;
/** After the worker's own grace, whatever still hangs is cut. */
const HARD_EXIT_AFTER_MS = 10_000;

async function main(): Promise<void> {
  const config = readConfig();
  if (config.failpoints) setFailpoints(createFailpoints(config.failpoints));
  const createAgents = config.agentsModule === undefined ? undefined : await loadAgentsModule(config.agentsModule);
  const context = createWorkerContext(config, createAgents);
  const { log } = context;
  exitOnErrors(log);
  const worker = await startWhenPossible(context, (why) => {
    log.error({ why }, 'lease lost; exiting');
    process.exit(EXIT_RESTART);
  });
  const probes = config.probes.port > 0 ? serveProbes({ ...config.probes, metrics: context.metrics, log }) : undefined;
  const stop = async (signal: string) => {
    log.info({ signal }, 'stopping');
    probes?.unready();
    setTimeout(() => process.exit(1), config.graceMs + HARD_EXIT_AFTER_MS).unref();
    await worker.stop();
    await within(Promise.allSettled([context.session.close(), context.close()]), CLOSE_TIMEOUT_MS);
    process.exit(0);
  };
  let isStopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (isStopping) return;
      isStopping = true;
      stop(signal).catch((error: unknown) => {
        log.error({ error: messageOf(error) }, 'shutdown failed');
        process.exit(1);
      });
    });
  }
}

/** The database may come up after us. */
async function startWhenPossible(context: WorkerContext, onLost: (why: string) => void): Promise<Worker> {
  for (;;) {
    try {
      return await startWorker(context, onLost);
    } catch (error) {
      context.log.warn({ error: messageOf(error) }, 'not started yet; trying again');
      await new Promise((resolve) => setTimeout(resolve, START_RETRY_MS));
    }
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof ConfigError ? error.message : String(error)}\n`);
  process.exit(1);
});
