import { appendFileSync } from 'node:fs';
import type { FailpointHandler } from './failpoint.ts';

/** kill and stop: this process, by SIGKILL and SIGSTOP. throw: the vendor's connection is lost. */
export type FailpointAction =
  | { kind: 'kill' }
  | { kind: 'stop' }
  | { kind: 'throw' }
  | { kind: 'delay'; delayMs: number };

export interface FailpointPlan {
  /** What happens where, each once: the first time a point is reached, or the n-th. */
  readonly faults: readonly { readonly point: string; readonly hit: number; readonly action: FailpointAction }[];
  /** Every point that is reached is a line of this file. */
  readonly countFile: string | undefined;
}

const FAULT = /^([\w.-]+)=(kill|stop|throw|delay:(\d{1,6}))(?:@(\d{1,6}))?$/;

/**
 * Reads `store.flush-tasks.after=kill@3;queue.add.before=throw;model.event.message_stop=delay:500;count=/a/file`.
 * @throws Error that quotes what it does not understand
 */
export function parseFailpoints(text: string): FailpointPlan {
  const faults: FailpointPlan['faults'][number][] = [];
  let countFile: string | undefined;
  for (const entry of text.split(';').filter((part) => part !== '')) {
    if (entry.startsWith('count=')) {
      countFile = entry.slice('count='.length);
      continue;
    }
    const [, point, word, delay, hit] = FAULT.exec(entry) ?? [];
    if (point === undefined || word === undefined) throw new Error(`not a failpoint: "${entry}"`);
    faults.push({ point, hit: Number(hit ?? 1), action: toAction(word, delay) });
  }
  return { faults, countFile };
}

function toAction(word: string, delay: string | undefined): FailpointAction {
  if (delay !== undefined) return { kind: 'delay', delayMs: Number(delay) };
  return { kind: word === 'kill' || word === 'stop' ? word : 'throw' };
}

/** Makes a plan happen. `onFault` is told right before each fault. */
export function createFailpoints(plan: FailpointPlan, onFault?: (point: string) => void): FailpointHandler {
  const hits = new Map<string, number>();
  return (point, toLoss) => {
    const hit = (hits.get(point) ?? 0) + 1;
    hits.set(point, hit);
    if (plan.countFile !== undefined) appendFileSync(plan.countFile, `${point}\n`);
    const fault = plan.faults.find((candidate) => candidate.point === point && candidate.hit === hit);
    if (!fault) return undefined;
    onFault?.(point);
    return act(fault.action, toLoss);
  };
}

async function act(action: FailpointAction, toLoss: () => Error): Promise<void> {
  switch (action.kind) {
    case 'kill':
      process.kill(process.pid, 'SIGKILL');
      return new Promise(() => undefined);
    case 'stop':
      process.kill(process.pid, 'SIGSTOP');
      return;
    case 'throw':
      throw toLoss();
    case 'delay':
      return new Promise((resolve) => setTimeout(resolve, action.delayMs));
  }
}
