import { join } from 'node:path';
import { migrate, openPool } from '@nightshift/store';
import { createLogger, createSilentLogger } from '@nightshift/telemetry';
import { UsageError } from '../arguments/usage-error.ts';
import type { CliConfig } from '../config.ts';
import { listMigrations } from './list-migrations.ts';

/**
 * `nightshift migrate up|status` on DATABASE_URL; answers the exit code. The private database of `nightshift up` is
 * migrated by that command.
 */
export async function runMigrate(
  action: 'up' | 'status',
  config: CliConfig,
  write: (line: string) => void,
): Promise<number> {
  const databaseUrl = config.services.DATABASE_URL;
  if (!databaseUrl) throw new UsageError('DATABASE_URL is not set (nightshift up migrates its own database itself)');
  const folder = join(config.projectDir, 'migrations');
  if (action === 'up') {
    const applied = await migrate({ databaseUrl, folder, log: createSilentLogger() });
    for (const name of applied) write(`applied ${name}`);
    if (applied.length === 0) write('nothing to apply');
    return 0;
  }
  const log = createLogger({ name: 'migrate', level: 'error' });
  const pool = openPool({ databaseUrl, applicationName: 'nightshift migrate', maxConnections: 1, log });
  try {
    for (const { name, appliedAt } of await listMigrations(pool, folder)) {
      write(`${appliedAt?.toISOString() ?? 'pending'.padEnd(24)}  ${name}`);
    }
    return 0;
  } finally {
    await pool.end();
  }
}
