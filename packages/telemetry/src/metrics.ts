import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

const SECONDS = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000];

/** Every metric there is (API.md 9): base units, labels of low cardinality only. One instance a process. */
export interface Metrics {
  readonly registry: Registry;
  readonly queueOldestTaskAge: Gauge;
  readonly queueTasks: Gauge<'state'>;
  readonly queueWait: Histogram;
  readonly taskDuration: Histogram<'agent' | 'outcome'>;
  readonly timeToFirstEvent: Histogram<'transport'>;
  readonly streamSubscribers: Gauge;
  readonly streamHolesFilled: Counter;
  readonly streamGaps: Counter;
  readonly toolDuration: Histogram<'tool' | 'outcome'>;
  readonly toolRetries: Counter<'tool'>;
  readonly breakerState: Gauge<'key'>;
  readonly deadLetters: Counter<'reason'>;
  readonly modelTokens: Counter<'model' | 'kind'>;
  readonly modelCost: Counter<'model'>;
  readonly leaseTakeovers: Counter;
  readonly isolatedProcesses: Counter<'end'>;
  readonly fencedWrites: Counter;
  readonly flushDuration: Histogram;
  readonly publishFailures: Counter;
  readonly workers: Gauge;
  readonly queueJobs: Gauge;
  readonly tasksReconciled: Counter<'flaw'>;
  readonly flawedTasks: Counter<'flaw'>;
  readonly uploadsDiscarded: Counter;
  readonly streamsShortened: Counter;
  readonly rowsRemoved: Counter<'table'>;
  readonly httpRequests: Counter<'route' | 'status'>;
}

/** Which kind of process a metric is measured by. */
export type ProcessKind = 'api' | 'worker';

type Users = readonly ProcessKind[];

const API: Users = ['api'];
const WORKER: Users = ['worker'];
const BOTH: Users = ['api', 'worker'];

/**
 * Creates the metrics of a process, with Node's own (memory, event loop lag) beside them. Only what a process of this
 * kind measures is shown by it: a plain zero from the others would say that nothing happens. Without a kind, all of them.
 */
export function createMetrics(kind?: ProcessKind): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registersOf = (users: Users) => (kind === undefined || users.includes(kind) ? [registry] : []);
  const counter = <L extends string = string>(users: Users, name: string, help: string, labelNames: L[] = []) =>
    new Counter<L>({ name: `nightshift_${name}`, help, labelNames, registers: registersOf(users) });
  const gauge = <L extends string = string>(users: Users, name: string, help: string, labelNames: L[] = []) =>
    new Gauge<L>({ name: `nightshift_${name}`, help, labelNames, registers: registersOf(users) });
  const histogram = <L extends string = string>(users: Users, name: string, help: string, labelNames: L[] = []) =>
    new Histogram<L>({ name: `nightshift_${name}`, help, labelNames, buckets: SECONDS, registers: registersOf(users) });
  return {
    registry,
    queueOldestTaskAge: gauge(
      WORKER,
      'queue_oldest_task_age_seconds',
      'Age of the oldest task that is due and not claimed',
    ),
    queueTasks: gauge(WORKER, 'queue_tasks', 'Tasks by state', ['state']),
    queueWait: histogram(WORKER, 'queue_wait_seconds', 'From due to claimed'),
    taskDuration: histogram(WORKER, 'task_duration_seconds', 'From claim to settled', ['agent', 'outcome']),
    timeToFirstEvent: histogram(API, 'time_to_first_event_seconds', 'From request to first event sent', ['transport']),
    streamSubscribers: gauge(API, 'stream_subscribers', 'Open event streams'),
    streamHolesFilled: counter(API, 'stream_holes_filled_total', 'Holes in Redis filled from Postgres for a reader'),
    streamGaps: counter(API, 'stream_gaps_total', 'Gaps in the log, left by retention, that readers were told of'),
    toolDuration: histogram(WORKER, 'tool_duration_seconds', 'Duration of tool calls', ['tool', 'outcome']),
    toolRetries: counter(WORKER, 'tool_retries_total', 'Tool calls tried again', ['tool']),
    breakerState: gauge(WORKER, 'breaker_state', '0 closed, 1 half-open, 2 open', ['key']),
    deadLetters: counter(WORKER, 'dead_letters_total', 'Tasks that became a dead letter', ['reason']),
    modelTokens: counter(WORKER, 'model_tokens_total', 'Tokens by model and kind', ['model', 'kind']),
    modelCost: counter(WORKER, 'model_cost_usd_total', 'Cost by model', ['model']),
    isolatedProcesses: counter(
      WORKER,
      'isolated_processes_total',
      'Processes that ran one suspected task each, by how they ended',
      ['end'],
    ),
    leaseTakeovers: counter(WORKER, 'lease_takeovers_total', 'Tasks taken over from a dead worker'),
    fencedWrites: counter(WORKER, 'fenced_writes_total', 'Writes refused because the epoch had moved on'),
    flushDuration: histogram(WORKER, 'flush_duration_seconds', 'Duration of one flush statement'),
    publishFailures: counter(
      BOTH,
      'publish_failures_total',
      'Publishes to Redis that failed (readers fill from Postgres)',
    ),
    workers: gauge(WORKER, 'workers', 'Workers whose lease is valid'),
    queueJobs: gauge(WORKER, 'queue_jobs', 'Jobs in Redis that no worker has taken; compare with queue_tasks'),
    tasksReconciled: counter(WORKER, 'tasks_reconciled_total', 'Tasks that nothing else would have moved', ['flaw']),
    flawedTasks: counter(WORKER, 'flawed_tasks_total', 'Tasks in a state that should not exist, not repaired', [
      'flaw',
    ]),
    uploadsDiscarded: counter(WORKER, 'uploads_discarded_total', 'Uploads and files whose bytes were removed from S3'),
    streamsShortened: counter(WORKER, 'streams_shortened_total', 'Streams in Redis that lacked their time to live'),
    rowsRemoved: counter(WORKER, 'rows_removed_total', 'Rows that retention removed', ['table']),
    httpRequests: counter(API, 'http_requests_total', 'HTTP requests', ['route', 'status']),
  };
}
