import { chmodSync, writeFileSync } from 'node:fs';

export interface RedisConfig {
  readonly file: string;
  readonly bind: string;
  readonly port: number;
  readonly dataDir: string;
  readonly serverPidFile: string;
  readonly password: string;
  /** Undefined: unknown (a Docker image), taken for 7 or newer. */
  readonly majorVersion: number | undefined;
}

/**
 * Writes the configuration, readable by its owner only: it holds the password, which a command line would show to
 * everybody. AOF once a second, because tasks are in Postgres and Redis may lose a second; never evicts, because a queue
 * that loses keys is broken (BullMQ, "Going to production").
 */
export function writeRedisConfig(config: RedisConfig): void {
  const lines = [
    `bind ${config.bind}`,
    'protected-mode yes',
    `port ${config.port}`,
    `dir ${quote(config.dataDir)}`,
    `requirepass ${quote(config.password)}`,
    'appendonly yes',
    'appendfsync everysec',
    'save ""',
    'maxmemory-policy noeviction',
    'daemonize no',
    'logfile ""',
    `pidfile ${quote(config.serverPidFile)}`,
    // The command line keeps the path of this file: a later launcher recognises the process by it.
    'set-proc-title no',
    // Unknown before version 7.
    ...((config.majorVersion ?? 7) >= 7 ? ['enable-debug-command no'] : []),
  ];
  writeFileSync(config.file, `${lines.join('\n')}\n`, { mode: 0o600 });
  chmodSync(config.file, 0o600);
}

function quote(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
