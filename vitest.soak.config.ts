import { defineConfig } from 'vitest/config';

/** `npm run soak`: one long run that brings everything it needs itself. */
export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'] } },
  test: { include: ['test/faults/soak/soak.run.ts'], pool: 'forks', hookTimeout: 120_000 },
});
