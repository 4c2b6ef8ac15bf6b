import type { Stack } from '@nightshift/local';
import { type CliArguments, parseArguments, type UpArguments } from './arguments/parse-arguments.ts';
import { UsageError } from './arguments/usage-error.ts';
import { USAGE } from './arguments/usage-text.ts';
import { type CliConfig, readConfig } from './config.ts';
import { runMigrate } from './database/run-migrate.ts';
import { describeError } from './up/describe-error.ts';
import { listenForStop } from './up/listen-for-stop.ts';
import { runUp } from './up/run-up.ts';
import { stopHard } from './up/stop-hard.ts';
import { createReporter } from './view/create-reporter.ts';

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;

for (const stream of [process.stdout, process.stderr]) {
  // Whoever read it is gone (`| head`, a closed terminal): the work goes on without an audience.
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
  });
}

process.exitCode = await main();

async function main(): Promise<number> {
  try {
    return await runCommand(parseArguments(process.argv.slice(2)), readConfig());
  } catch (error) {
    if (error instanceof UsageError) {
      process.stderr.write(`nightshift: ${error.message}\nSee nightshift help.\n`);
      return EXIT_USAGE;
    }
    process.stderr.write(`nightshift: ${describeError(error)}\n`);
    return EXIT_FAILURE;
  }
}

async function runCommand(args: CliArguments, config: CliConfig): Promise<number> {
  switch (args.command) {
    case 'help':
      process.stdout.write(USAGE);
      return 0;
    case 'migrate':
      return runMigrate(args.action, config, (line) => process.stdout.write(`${line}\n`));
    case 'up':
      return up(args, config);
  }
}

async function up(args: UpArguments, config: CliConfig): Promise<number> {
  let stack: Stack | undefined;
  const stop = listenForStop(process, () => {
    stopHard(stack);
    process.exit(EXIT_INTERRUPTED);
  });
  const onStack = (started: Stack) => {
    stack = started;
  };
  try {
    return await runUp({ args, config, stop, onStack, reporter: createReporter(process, config, args.json) });
  } finally {
    stop.dispose();
  }
}
