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
  readonly toolDuration: Histogram<'tool' | 'outcome'>;
  readonly toolRetries: Counter<'tool'>;
  readonly breakerState: Gauge<'key'>;
  readonly deadLetters: Counter<'reason'>;
  readonly modelTokens: Counter<'model' | 'kind'>;
  readonly modelCost: Counter<'model'>;
  readonly leaseTakeovers: Counter;
  readonly fencedWrites: Counter;
  readonly flushDuration: Histogram;
  readonly publishFailures: Counter;
  readonly workers: Gauge;
  readonly httpRequests: Counter<'route' | 'status'>;
}

/** Creates the metrics of a process, with Node's own (memory, event loop lag) beside them. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const counter = <L extends string = string>(name: string, help: string, labelNames: L[] = []) =>
    new Counter<L>({ name: `nightshift_${name}`, help, labelNames, registers });
  const gauge = <L extends string = string>(name: string, help: string, labelNames: L[] = []) =>
    new Gauge<L>({ name: `nightshift_${name}`, help, labelNames, registers });
  const histogram = <L extends string = string>(name: string, help: string, labelNames: L[] = []) =>
    new Histogram<L>({ name: `nightshift_${name}`, help, labelNames, buckets: SECONDS, registers });
  return {
    registry,
    queueOldestTaskAge: gauge('queue_oldest_task_age_seconds', 'Age of the oldest task that is due and not claimed'),
    queueTasks: gauge('queue_tasks', 'Tasks by state', ['state']),
    queueWait: histogram('queue_wait_seconds', 'From due to claimed'),
    taskDuration: histogram('task_duration_seconds', 'From claim to settled', ['agent', 'outcome']),
    timeToFirstEvent: histogram('time_to_first_event_seconds', 'From request to first event sent', ['transport']),
    streamSubscribers: gauge('stream_subscribers', 'Open event streams'),
    streamHolesFilled: counter('stream_holes_filled_total', 'Holes in Redis filled from Postgres for a reader'),
    toolDuration: histogram('tool_duration_seconds', 'Duration of tool calls', ['tool', 'outcome']),
    toolRetries: counter('tool_retries_total', 'Tool calls tried again', ['tool']),
    breakerState: gauge('breaker_state', '0 closed, 1 half-open, 2 open', ['key']),
    deadLetters: counter('dead_letters_total', 'Tasks that became a dead letter', ['reason']),
    modelTokens: counter('model_tokens_total', 'Tokens by model and kind', ['model', 'kind']),
    modelCost: counter('model_cost_usd_total', 'Cost by model', ['model']),
    leaseTakeovers: counter('lease_takeovers_total', 'Tasks taken over from a dead worker'),
    fencedWrites: counter('fenced_writes_total', 'Writes refused because the epoch had moved on'),
    flushDuration: histogram('flush_duration_seconds', 'Duration of one flush statement'),
    publishFailures: counter('publish_failures_total', 'Publishes to Redis that failed (readers fill from Postgres)'),
    workers: gauge('workers', 'Workers whose lease is valid'),
    httpRequests: counter('http_requests_total', 'HTTP requests', ['route', 'status']),
  };
}
