import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient } from '../http/api-client.ts';
import { type BatchView, countFinal } from './batch-view.ts';
import { parseBatch, parsePage, parseTask } from './parse-batch.ts';
import type { TaskView } from './task-view.ts';

const POLL_INTERVAL_MS = 300;
/** A batch of thousands is asked for less often: one round is one request for every page. */
const INTERVAL_PER_TASK_MS = 1.5;
const MAX_POLL_INTERVAL_MS = 10_000;
const PAGE_ITEMS = 1_000;

export interface FollowOptions {
  readonly client: ApiClient;
  readonly batchId: string;
  readonly signal: AbortSignal;
  /** Called with every new state. */
  readonly onUpdate: (batch: BatchView) => void;
  readonly pollIntervalMs?: number | undefined;
}

/**
 * Watches a batch until every task has ended, however often the API goes away meanwhile, and returns the last state.
 * @throws ApiError when the batch does not exist or may not be read, the reason of the signal
 */
export async function followBatch(options: FollowOptions): Promise<BatchView> {
  const { client, batchId, signal } = options;
  for (;;) {
    // The counts first: when they say that all have ended, the items read afterwards have ended too.
    const batch = parseBatch(await client.request({ method: 'GET', path: `/v1/batches/${batchId}` }, signal));
    const view: BatchView = { ...batch, tasks: await listItems(client, batchId, signal) };
    options.onUpdate(view);
    if (countFinal(view) >= view.total) return view;
    const intervalMs = Math.min(view.total * INTERVAL_PER_TASK_MS, MAX_POLL_INTERVAL_MS);
    await sleep(Math.max(options.pollIntervalMs ?? POLL_INTERVAL_MS, intervalMs), undefined, { signal });
  }
}

async function listItems(client: ApiClient, batchId: string, signal: AbortSignal): Promise<TaskView[]> {
  const tasks: TaskView[] = [];
  let after: number | undefined;
  do {
    const cursor = after === undefined ? '' : `&after=${after}`;
    const path = `/v1/batches/${batchId}/items?limit=${PAGE_ITEMS}${cursor}`;
    const page = parsePage(await client.request({ method: 'GET', path }, signal));
    tasks.push(...page.entries.map(parseTask));
    after = page.next;
  } while (after !== undefined);
  return tasks;
}
