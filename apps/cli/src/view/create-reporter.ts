import type { CliConfig } from '../config.ts';
import { createColors } from './colors.ts';
import { createJsonReporter } from './json-reporter.ts';
import { createLiveReporter } from './live-reporter.ts';
import { createPlainReporter } from './plain-reporter.ts';
import type { Reporter } from './reporter.ts';

const DEFAULT_COLUMNS = 120;

/** The output streams of the process. */
export interface OutputStreams {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

/** Chooses how to report: standard output gets data, standard error progress, and only a terminal gets control codes. */
export function createReporter(
  { stdout, stderr }: OutputStreams,
  config: Pick<CliConfig, 'color' | 'isDumbTerminal'>,
  json: boolean,
): Reporter {
  const usesColor = (stream: NodeJS.WriteStream) => config.color ?? (stream.isTTY === true && !config.isDumbTerminal);
  const message = (text: string) => void stderr.write(`${text}\n`);
  const write = (text: string) => void stdout.write(`${text}\n`);
  if (json) return createJsonReporter({ write, message });
  const output = {
    write,
    message,
    columns: () => stdout.columns ?? DEFAULT_COLUMNS,
    colors: createColors(usesColor(stdout)),
  };
  if (stderr.isTTY !== true || config.isDumbTerminal) return createPlainReporter({ write: message, output });
  return createLiveReporter({ stream: stderr, colors: createColors(usesColor(stderr)), output });
}
