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
  setInterval(() => tell({ kind: 'alive' }), config.leaseMs / BEATS_PER_LEASE);
  const createAgents = config.agentsModule === undefined ? undefined : await loadAgentsModule(config.agentsModule);
  const context = createWorkerContext(config, createAgents);
  exitOnErrors(context.log);
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
  await new Promise<void>((resolve) => {
    if (!process.connected) resolve();
    else process.send?.({ kind } satisfies ChildMessage, undefined, undefined, () => resolve());
  });
  process.exit(code);
}

function tell(message: ChildMessage): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined); // it is gone: we are about to be
}

main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exit(1);
});
