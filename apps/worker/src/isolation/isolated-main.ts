/** The program of a child that runs one suspect: started by start-child.ts, never by hand. */
import type { Incarnation, TaskId } from '@nightshift/domain';
import { readConfig } from '../config.ts';
import { createWorkerContext } from '../context.ts';
import { EXIT_RESTART, exitOnErrors } from '../exit-on-errors.ts';
import { loadAgentsModule } from '../load-agents-module.ts';
import { within } from '../within.ts';
import { type ChildMessage, readChildArgs } from './child-message.ts';
import { startIsolatedWorker } from './start-isolated-worker.ts';
import { watchParent } from './watch-parent.ts';

const BEATS_PER_LEASE = 6;
const CLOSE_TIMEOUT_MS = 3_000;

async function main(): Promise<void> {
  const orders = readChildArgs(process.argv.slice(2));
  process.on('disconnect', () => process.exit(EXIT_RESTART)); // the parent is gone
  if (orders.watchParent) watchParent(orders.parentPid);
  if (process.ppid !== orders.parentPid || !process.connected) process.exit(EXIT_RESTART);
  const config = readConfig();
  setInterval(() => void tell({ kind: 'alive' }), config.leaseMs / BEATS_PER_LEASE);
  const createAgents = config.agentsModule === undefined ? undefined : await loadAgentsModule(config.agentsModule);
  const context = createWorkerContext(config, createAgents);
  exitOnErrors(context.log);
  // From here on silence is held against the task: its first step may be the one that never gives the event loop back.
  await tell({ kind: 'alive' });
  const worker = await startIsolatedWorker(
    context,
    {
      taskId: orders.taskId as TaskId,
      incarnation: orders.incarnation as Incarnation,
      parent: orders.parent as Incarnation,
    },
    (why) => {
      context.log.error({ why }, 'lease lost; exiting');
      void leave('lost', EXIT_RESTART);
    },
  );
  process.on('SIGTERM', () => worker.stop());
  await worker.ended;
  await within(Promise.allSettled([context.session.close(), context.close()]), CLOSE_TIMEOUT_MS);
  await leave('returned', 0);
}

async function leave(kind: 'returned' | 'lost', code: number): Promise<never> {
  await tell({ kind });
  process.exit(code);
}

/** Resolves when the message is on its way, or when there is nobody to tell: then we are about to be gone as well. */
function tell(message: ChildMessage): Promise<void> {
  return new Promise((resolve) => {
    if (!process.connected) resolve();
    else process.send?.(message, undefined, undefined, () => resolve());
  });
}

main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exit(1);
});
