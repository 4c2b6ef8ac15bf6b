import { type ChildProcess, fork } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { eventually } from '../../support/eventually.ts';

const ENTRY = path.join(import.meta.dirname, 'gated-app.mjs');
const START_DEADLINE_MS = 60_000;
const STOP_DEADLINE_MS = 5_000;
const READY = { api: 'API listens', worker: 'worker ready' } as const;

/** A process of ours that was loaded and not started, or that was started; its failpoints can be set anew. */
export interface GatedProcess {
  readonly kind: 'api' | 'worker';
  readonly name: string;
  readonly exited: Promise<void>;
  isOver(): boolean;
  output(): string;
  /** Starts it, and waits until it says that it is ready. */
  open(): Promise<void>;
  /** Sets its failpoints (the syntax of NIGHTSHIFT_FAILPOINTS) and counts hits from here; empty: none. */
  arm(failpoints: string): Promise<void>;
  /** Whether a fault has happened since it was armed. */
  hasFired(): boolean;
  kill(signal: NodeJS.Signals): void;
  /** Ends it however it is, and waits for that. */
  stop(): Promise<void>;
}

export function spawnGated(kind: 'api' | 'worker', name: string, env: Record<string, string>): GatedProcess {
  const child: ChildProcess = fork(ENTRY, [kind], {
    env: {
      PATH: process.env.PATH ?? '',
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      ...env,
      NIGHTSHIFT_WORKER_NAME: name,
    },
    execArgv: [],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let output = '';
  let firedFrom = 0;
  const logs = process.env.NIGHTSHIFT_TEST_LOGS;
  const file = logs ? createWriteStream(path.join(logs, `${name}-${child.pid}.log`)) : undefined;
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      file?.write(chunk);
    });
  }
  const isOver = () => child.exitCode !== null || child.signalCode !== null;
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.on('error', () => undefined); // a message to a process that has just ended
  let acknowledged = 0;
  const loaded = new Promise<void>((resolve) => {
    child.on('message', (message: { loaded?: boolean; armed?: boolean }) => {
      if (message.loaded) resolve();
      if (message.armed) acknowledged += 1;
    });
  });
  return {
    kind,
    name,
    exited,
    isOver,
    output: () => output,
    async open() {
      await Promise.race([loaded, exited]);
      child.send({ start: true });
      const isReady = () => output.includes(READY[kind]) || isOver();
      await eventually(`${name} is ready`, isReady, START_DEADLINE_MS);
      if (!output.includes(READY[kind])) throw new Error(`${name} ended before it was ready:\n${output.slice(-2_000)}`);
    },
    async arm(failpoints) {
      await Promise.race([loaded, exited]);
      firedFrom = output.length;
      const before = acknowledged;
      child.send({ failpoints });
      await eventually(`${name} is armed`, () => acknowledged > before || isOver());
    },
    hasFired: () => output.indexOf('[fault at ', firedFrom) >= 0,
    kill: (signal) => void child.kill(signal),
    async stop() {
      if (isOver()) return;
      child.kill('SIGCONT');
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
      await exited;
      clearTimeout(timer);
    },
  };
}
