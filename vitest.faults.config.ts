import { defineConfig, mergeConfig } from 'vitest/config';
import config from './vitest.config.ts';

/** The whole fault laboratory, one file after the other: their processes need the machine. Run by `npm run faults`. */
export default mergeConfig(
  { ...config, test: { ...config.test, include: undefined } },
  defineConfig({
    test: { include: ['test/faults/**/*.test.ts', 'test/faults/**/*.long.ts'], fileParallelism: false },
  }),
);
