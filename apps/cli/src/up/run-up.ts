import { join, resolve } from 'node:path';
import type { Stack } from '@nightshift/local';
import type { UpArguments } from '../arguments/parse-arguments.ts';
import { readBatchRecord } from '../batch/batch-record.ts';
import { judgeResult } from '../batch/judge-result.ts';
import { runDocuments } from '../batch/run-documents.ts';
import type { CliConfig } from '../config.ts';
import { collectDocuments, type SourceDocument } from '../documents/collect-documents.ts';
import { createApiClient } from '../http/api-client.ts';
import { type Services, startServices } from '../services/start-services.ts';
import type { Reporter } from '../view/reporter.ts';
import { createMessageLogger } from './create-message-logger.ts';
import { InterruptedError, type StopListener } from './listen-for-stop.ts';

const EXIT_OK = 0;
const EXIT_TASK_FAILED = 5;
const EXIT_INTERRUPTED = 130;

export interface RunUpOptions {
  readonly args: UpArguments;
  readonly config: CliConfig;
  readonly reporter: Reporter;
  readonly stop: Pick<StopListener, 'signal'>;
  readonly onStack: (stack: Stack) => void;
}

/**
 * `nightshift up`: starts everything, has the documents analysed, serves until it is stopped, and stops what it has
 * started. Answers the exit code.
 * @throws UsageError before anything is started; whatever could not be started
 */
export async function runUp(options: RunUpOptions): Promise<number> {
  const { args, config, reporter, stop } = options;
  const dataDir = args.dataDir === undefined ? config.dataDir : resolve(config.cwd, args.dataDir);
  const documents = args.run ? await collect(options) : [];
  let stack: Stack | undefined;
  try {
    const services = await startServices({
      config,
      dataDir,
      port: args.port,
      workers: args.workers,
      signal: stop.signal,
      log: createMessageLogger(reporter.message),
      message: reporter.message,
      onStack(started) {
        stack = started;
        options.onStack(started);
      },
    });
    reporter.ready(services.place);
    const exitCode = args.run
      ? await analyse(options, services, documents, dataDir)
      : announceUnfinished(options, dataDir);
    if (!args.once) await serve(options, services);
    return exitCode === EXIT_TASK_FAILED && !args.once ? EXIT_OK : exitCode;
  } catch (error) {
    if (!(error instanceof InterruptedError) && !stop.signal.aborted) throw error;
    if (readBatchRecord(dataDir) !== undefined) reporter.message('Interrupted; the next start goes on with the batch.');
    return EXIT_INTERRUPTED;
  } finally {
    await stopStack(stack, dataDir, reporter);
  }
}

async function collect({ args, config, reporter }: RunUpOptions): Promise<SourceDocument[]> {
  const examples = join(config.projectDir, 'examples', 'documents');
  const paths = args.paths.length === 0 ? [examples] : args.paths;
  return collectDocuments({ paths, cwd: config.cwd, warn: reporter.message });
}

async function analyse(
  { reporter, stop }: RunUpOptions,
  { place, apiKey }: Services,
  documents: readonly SourceDocument[],
  dataDir: string,
): Promise<number> {
  const client = createApiClient({ baseUrl: place.apiUrl, apiKey, onConnection: reporter.connection });
  let hasFailed = false;
  await runDocuments({
    client,
    documents,
    dataDir,
    reporter,
    signal: stop.signal,
    onOutcome(outcome) {
      reporter.outcome(outcome, place);
      hasFailed ||= outcome.results.some((task) => judgeResult(task).kind === 'other');
    },
  });
  return hasFailed ? EXIT_TASK_FAILED : EXIT_OK;
}

function announceUnfinished({ reporter }: RunUpOptions, dataDir: string): number {
  const unfinished = readBatchRecord(dataDir)?.batchId;
  if (unfinished !== undefined) reporter.message(`The unfinished batch ${unfinished} goes on.`);
  return EXIT_OK;
}

/** Returns when it is told to stop. */
async function serve({ reporter, stop }: RunUpOptions, { place }: Services): Promise<void> {
  reporter.message(`Serving on ${place.apiUrl} until Ctrl-C.`);
  if (stop.signal.aborted) return;
  await new Promise<void>((wake) => stop.signal.addEventListener('abort', () => wake(), { once: true }));
}

async function stopStack(stack: Stack | undefined, dataDir: string, reporter: Reporter): Promise<void> {
  if (stack === undefined) return;
  reporter.message('Stopping (once more to stop hard) ...');
  await stack.stop();
  reporter.message(`Stopped. Everything is kept in ${dataDir}`);
}
