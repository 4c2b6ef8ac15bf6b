import { join } from 'node:path';
import { type RunningProcess, type StartProcessOptions, startProcess } from './start-process.ts';

/** A line in a list of processes. */
export interface ProcessInfo {
  readonly name: string;
  /** Undefined while it is being started again. */
  readonly pid: number | undefined;
  readonly port: number | undefined;
  readonly restarts: number;
  readonly logFile: string;
}

/** As for `startProcess`; where log and pid file go is settled. */
export type StackProcessOptions = Omit<StartProcessOptions, 'log' | 'logFile' | 'pidFile' | 'signal'>;

/** The processes that live and end together. */
export interface ProcessGroup {
  start(options: StackProcessOptions): Promise<RunningProcess>;
  list(): readonly ProcessInfo[];
  /** Stops all of them at once, also one whose start is not finished; none can be started afterwards. */
  stop(): Promise<void>;
}

/** Processes with their logs in `logs/` and their pid files in `processes/` of the data folder. */
export function createProcessGroup(settings: { dataDir: string; log: (message: string) => void }): ProcessGroup {
  const starts: { name: string; started: Promise<RunningProcess> }[] = [];
  const running: RunningProcess[] = [];
  const stopping = new AbortController();
  return {
    async start(options) {
      const { name } = options;
      if (stopping.signal.aborted) throw new Error(`${name} cannot be started: the stack is stopping`);
      if (starts.some((start) => start.name === name)) throw new Error(`a process named ${name} is running already`);
      const logFile = join(settings.dataDir, 'logs', `${name}.log`);
      const pidFile = join(settings.dataDir, 'processes', `${name}.pid`);
      const entry = {
        name,
        started: startProcess({ ...options, log: settings.log, logFile, pidFile, signal: stopping.signal }),
      };
      starts.push(entry);
      try {
        const one = await entry.started;
        running.push(one);
        return one;
      } catch (error) {
        starts.splice(starts.indexOf(entry), 1);
        throw error;
      }
    },
    list: () => running.map(({ name, pid, port, restarts, logFile }) => ({ name, pid, port, restarts, logFile })),
    async stop() {
      stopping.abort();
      const stops = starts.map(async ({ started }) => (await started.catch(() => undefined))?.stop());
      await Promise.all(stops);
    },
  };
}
