import { createFailpoints, setFailpoints } from '@nightshift/resilience';
import { ConfigError, readConfig } from './config.ts';
import { runApi } from './run-api.ts';

try {
  const config = readConfig();
  if (config.failpoints) setFailpoints(createFailpoints(config.failpoints));
  await runApi(config);
} catch (error) {
  process.stderr.write(`${error instanceof ConfigError ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
