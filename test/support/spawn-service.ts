import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import path from 'node:path';

const PROJECT_ROOT = path.resolve(import.meta.dirname, '../..');

/** A real process of ours, as production runs it: compiled, with its own environment. */
export interface Service {
  readonly name: string;
  readonly pid: number;
  readonly exited: Promise<void>;
  /** Everything it logged so far. */
  output(): string;
  kill(signal: NodeJS.Signals): void;
  /** SIGTERM, and SIGKILL after a while; resolves when it is gone. */
  stop(): Promise<void>;
}

const STOP_DEADLINE_MS = 20_000;

export function spawnService(app: 'api' | 'worker', name: string, env: Record<string, string>): Service {
  const child: ChildProcess = spawn(process.execPath, [path.join(PROJECT_ROOT, 'apps', app, 'dist', 'main.js')], {
    env: {
      PATH: process.env.PATH ?? '',
      LOG_LEVEL: 'debug',
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const chunks: string[] = [];
  const file = process.env.NIGHTSHIFT_TEST_LOGS
    ? createWriteStream(path.join(process.env.NIGHTSHIFT_TEST_LOGS, `${name}-${child.pid}.log`))
    : undefined;
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      chunks.push(chunk.toString());
      file?.write(chunk);
    });
  }
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    name,
    pid: child.pid ?? -1,
    exited,
    output: () => chunks.join(''),
    kill: (signal) => void child.kill(signal),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGCONT');
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
      await exited;
      clearTimeout(timer);
    },
  };
}
