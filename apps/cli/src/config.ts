import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { StackEnvironment } from '@nightshift/local';

/** What the command line client takes from its environment. */
export interface CliConfig {
  /** The folder of the project. */
  readonly projectDir: string;
  /** Where the user stands: relative paths start there. */
  readonly cwd: string;
  /** Absolute; `--data-dir` wins over it. */
  readonly dataDir: string;
  /** Programs fetched for this machine; shared by all data folders. */
  readonly cacheDir: string;
  /** The services that are given from outside. */
  readonly services: StackEnvironment;
  /** Everything, for the processes that are started. */
  readonly env: NodeJS.ProcessEnv;
  /** Whether colour was forbidden or asked for; undefined: a terminal gets it. */
  readonly color: boolean | undefined;
  /** Whether the terminal understands cursor movements. */
  readonly isDumbTerminal: boolean;
}

const PROJECT_DIR = resolve(fileURLToPath(new URL('../../..', import.meta.url)));

/** Reads the environment; an empty variable counts as absent, as in a `.env` file. */
export function readConfig(env: NodeJS.ProcessEnv = process.env): CliConfig {
  const stateDir = join(PROJECT_DIR, '.nightshift');
  const cwd = env.NIGHTSHIFT_CWD || env.INIT_CWD || process.cwd();
  return {
    projectDir: PROJECT_DIR,
    cwd,
    dataDir: env.NIGHTSHIFT_DATA_DIR ? resolve(cwd, env.NIGHTSHIFT_DATA_DIR) : stateDir,
    cacheDir: env.NIGHTSHIFT_CACHE_DIR ? resolve(cwd, env.NIGHTSHIFT_CACHE_DIR) : join(stateDir, 'cache'),
    services: env,
    env,
    color: chooseColor(env),
    isDumbTerminal: env.TERM === 'dumb',
  };
}

/** https://no-color.org: any value that is not empty; FORCE_COLOR is what Node itself knows. */
function chooseColor(env: NodeJS.ProcessEnv): boolean | undefined {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR === undefined) return undefined;
  return env.FORCE_COLOR !== '0' && env.FORCE_COLOR !== 'false';
}
