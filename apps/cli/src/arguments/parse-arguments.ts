import { parseArgs } from 'node:util';
import { UsageError } from './usage-error.ts';

const DEFAULT_WORKERS = 2;
const MAX_WORKERS = 64;
const MAX_PORT = 65_535;

/** `nightshift up`; paths are as they were typed. */
export interface UpArguments {
  readonly command: 'up';
  /** Empty: the example documents. */
  readonly paths: readonly string[];
  readonly once: boolean;
  readonly run: boolean;
  /** Undefined: the remembered one, 8787 or a free one. */
  readonly port: number | undefined;
  readonly workers: number;
  readonly dataDir: string | undefined;
  readonly json: boolean;
}

export type CliArguments =
  | UpArguments
  | { readonly command: 'migrate'; readonly action: 'up' | 'status' }
  | { readonly command: 'help' };

/**
 * Reads the command line, without the names of node and of the script.
 * @throws UsageError when it is not one of ours
 */
export function parseArguments(args: readonly string[]): CliArguments {
  const [command, ...rest] = args;
  switch (command) {
    case undefined:
    case 'help':
    case '-h':
    case '--help':
      return { command: 'help' };
    case 'up':
      return parseUp(rest);
    case 'migrate':
      return parseMigrate(rest);
    default:
      throw new UsageError(`there is no command "${command}"`);
  }
}

function parseUp(args: readonly string[]): CliArguments {
  const { values, positionals } = parseStrictly(args);
  if (values.help) return { command: 'help' };
  if (values.once && values['no-run'])
    throw new UsageError('--once runs documents and --no-run does not: give one of them');
  if (values['no-run'] && positionals.length > 0) throw new UsageError('--no-run takes no files');
  return {
    command: 'up',
    paths: positionals,
    once: values.once,
    run: !values['no-run'],
    port: values.port === undefined ? undefined : parseNumber('--port', values.port, MAX_PORT),
    workers: values.workers === undefined ? DEFAULT_WORKERS : parseNumber('--workers', values.workers, MAX_WORKERS),
    dataDir: values['data-dir'],
    json: values.json,
  };
}

function parseMigrate(args: readonly string[]): CliArguments {
  const [action, ...rest] = args;
  if (action === '--help' || action === '-h') return { command: 'help' };
  if ((action !== 'up' && action !== 'status') || rest.length > 0) {
    throw new UsageError('migrate takes one word, "up" or "status"');
  }
  return { command: 'migrate', action };
}

function parseStrictly(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        once: { type: 'boolean', default: false },
        'no-run': { type: 'boolean', default: false },
        port: { type: 'string' },
        workers: { type: 'string' },
        'data-dir': { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function parseNumber(option: string, text: string, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > max)
    throw new UsageError(`${option} must be a whole number from 1 to ${max}, not "${text}"`);
  return value;
}
