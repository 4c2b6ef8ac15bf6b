import type { TaskId, TenantId } from '../../../packages/domain/src/index.ts';
import type { ModelProvider } from '../../../packages/model/src/index.ts';
import type { Logger, Metrics } from '../../../packages/telemetry/src/index.ts';
import { Dice } from './dice.ts';
import { createHistory, type History } from './history.ts';
import { GOOD_NETWORK, type Network } from './network.ts';
import { createScriptedModel, type ModelWeather } from './scripted-model.ts';
import { createTenantId, SimApi } from './sim-api.ts';
import { SimDatabase } from './sim-database.ts';
import { SimJobQueue } from './sim-job-queue.ts';
import { SimProcess } from './sim-process.ts';
import { SimReader } from './sim-reader.ts';
import { SimRedis } from './sim-redis.ts';
import { type SimWorker, startSimWorker } from './sim-worker.ts';
import type { VirtualTime } from './virtual-time.ts';
import type { Weaknesses } from './weaknesses.ts';

const WORKERS = 3;
const RESTART_MS = 300;

export const GOOD_WEATHER: ModelWeather = { cuts: 0.03, refusals: 0.01 };

/** Everything of one simulated run: a fleet, its database, its Redis, its model, its clients, and what they saw. */
export class World {
  readonly time: VirtualTime;
  readonly dice: Dice;
  readonly network: Network = { ...GOOD_NETWORK };
  readonly weather: ModelWeather = { ...GOOD_WEATHER };
  readonly history: History = createHistory();
  readonly database: SimDatabase;
  readonly redis: SimRedis;
  readonly queue: SimJobQueue;
  readonly model: ModelProvider;
  readonly weak: Weaknesses;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** The clients, all of them. */
  readonly clients = new SimProcess('clients');
  readonly readers: SimReader[] = [];
  readonly taskIds: TaskId[] = [];
  readonly #tenantId: TenantId;
  workers: SimWorker[] = [];
  /** Processes of suspects, the dead ones too. */
  readonly children: SimProcess[] = [];
  api: SimApi;
  duplicateJobs = 0.02;
  #lives = 0;

  constructor(options: { time: VirtualTime; seed: number; weak: Weaknesses; log: Logger; metrics: Metrics }) {
    const { time } = options;
    this.time = time;
    this.dice = new Dice(options.seed);
    const { dice, network, weather, history } = this;
    this.weak = options.weak;
    this.log = options.log;
    this.metrics = options.metrics;
    this.database = new SimDatabase({ time, dice, network, weak: this.weak, problems: history.problems });
    this.redis = new SimRedis({ time, dice, network });
    this.queue = new SimJobQueue({ time, dice, redis: this.redis, duplicates: () => this.duplicateJobs });
    this.model = createScriptedModel({ time, dice, weather, history });
    this.#tenantId = createTenantId();
    this.api = new SimApi(this, 'api1', this.#tenantId);
    for (let i = 0; i < WORKERS; i++) this.#startWorker();
  }

  /** The process is gone; another one takes its place after a moment. */
  endProcess(process: SimProcess): void {
    if (process.isDead) return;
    this.time.note(`${process.name} ends`);
    process.crash();
    for (const child of this.children) if (child.name.startsWith(`${process.name}.`)) child.crash();
    this.workers = this.workers.filter((worker) => worker.process !== process);
    this.time.schedule(this.clients, this.dice.between(10, RESTART_MS), '', () => this.#startWorker());
  }

  crashApi(): void {
    this.time.note(`${this.api.process.name} ends`);
    this.api.process.crash();
    this.api = new SimApi(this, `api${++this.#lives}`, this.#tenantId);
    for (const reader of this.readers) reader.cut();
  }

  addTask(taskId: TaskId): void {
    this.taskIds.push(taskId);
    for (const visibility of ['developer', 'user'] as const) {
      const reader = new SimReader(this, `reader${this.readers.length + 1}`, taskId, visibility);
      this.readers.push(reader);
      reader.connect();
    }
  }

  #startWorker(): void {
    this.workers.push(startSimWorker(this, `w${++this.#lives}`));
  }
}
