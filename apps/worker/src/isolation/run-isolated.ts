import { createId, type Incarnation, messageOf, type TaskId } from '@nightshift/domain';
import type { Publisher } from '@nightshift/eventlog';
import { endChildWorker, type Pool } from '@nightshift/store';
import type { Logger, Metrics } from '@nightshift/telemetry';
import { type Judgement, judgeChild } from './judge-child.ts';
import { type Child, startChild } from './start-child.ts';

/** The database may be away for a moment; after these tries the rescuer takes the task back, and nobody is guilty. */
const MAX_REPORTS = 60;
const REPORT_RETRY_MS = 500;
/** A head that is held at the moment is asked for again after this: nothing of ours holds one for longer than all tries take. */
const HELD_RETRY_MS = 100;

export interface IsolatedRunner {
  /** Runs the task in a child of its own, to the end of both. Never rejects. */
  run(taskId: TaskId): Promise<void>;
  /** Kills the children that are left: the grace of the shutdown is over. Resolves when their ends are reported. */
  killAll(): Promise<void>;
}

/** Runs suspects in children, and says of those that died what their end means: only a surviving parent can. */
export function createIsolatedRunner(deps: {
  pool: Pool;
  parent: Incarnation;
  workerName: string;
  memoryMb: number;
  leaseMs: number;
  hasDeathSignal: Promise<boolean>;
  publisher: Publisher;
  shutdown: AbortSignal;
  log: Logger;
  metrics: Metrics;
}): IsolatedRunner {
  const children = new Set<Child>();
  /** Of each child, until its end is reported. */
  const runs = new Set<Promise<void>>();

  async function run(taskId: TaskId): Promise<void> {
    const incarnation = createId('worker');
    const watchParent = !(await deps.hasDeathSignal);
    const orders = { taskId, incarnation, parent: deps.parent, parentPid: process.pid, watchParent };
    const child = startChild({ orders, memoryMb: deps.memoryMb, silenceMs: deps.leaseMs });
    const log = deps.log.child({ task_id: taskId, child: incarnation, child_pid: child.pid });
    log.info('suspect runs alone');
    const passOn = () => child.stop();
    if (deps.shutdown.aborted) passOn();
    deps.shutdown.addEventListener('abort', passOn, { once: true });
    children.add(child);
    const exit = await child.exited;
    children.delete(child);
    deps.shutdown.removeEventListener('abort', passOn);
    const judgement = judgeChild(exit, deps.workerName);
    deps.metrics.isolatedProcesses.inc({ end: judgement.end });
    log[judgement.end === 'returned' ? 'info' : 'warn']({ ...judgement.death, end: judgement.end }, 'child ended');
    await report(incarnation, judgement, log);
  }

  async function report(incarnation: Incarnation, judgement: Judgement, log: Logger): Promise<void> {
    for (let tries = 1; tries <= MAX_REPORTS; tries++) {
      try {
        const answer = await endChildWorker(deps.pool, incarnation, judgement.end, judgement.death);
        if (answer.kind === 'held') {
          await pause(HELD_RETRY_MS);
          continue;
        }
        if (answer.kind !== 'requeued') return;
        const { events, guilt, deaths } = answer.task;
        if (events) deps.publisher.publish([events]);
        log.warn({ guilt, deaths }, 'task taken back from a child');
        return;
      } catch (error) {
        log.warn({ error: messageOf(error) }, 'end of a child not reported; trying again');
        await pause(REPORT_RETRY_MS);
      }
    }
  }

  return {
    run(taskId) {
      const work: Promise<void> = run(taskId)
        .catch((error: unknown) => deps.log.error({ error: messageOf(error) }, 'no child'))
        .finally(() => runs.delete(work));
      runs.add(work);
      return work;
    },
    async killAll() {
      for (const child of children) child.kill();
      await Promise.all(runs);
    },
  };
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}
