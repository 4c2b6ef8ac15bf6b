import { ConfigError, readConfig } from './config.ts';
import { runApi } from './run-api.ts';

try {
  await runApi(readConfig());
} catch (error) {
  process.stderr.write(`${error instanceof ConfigError ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
