import { EventEmitter } from 'node:events';
import type { RedisConnections } from '../../../packages/streams/src/index.ts';
import type { Dice } from './dice.ts';
import type { Network } from './network.ts';
import { SimProcess } from './sim-process.ts';
import type { VirtualTime } from './virtual-time.ts';

interface Stream {
  last: number;
  entries: { last: number; fields: string[] }[];
}

interface Job {
  taskId: string;
}

interface Stored {
  streams: Map<string, Stream>;
  jobs: Job[];
}

/** Header of the arguments of publish-events.lua: channel, time to live, most entries, most bytes, whether a gap is allowed. */
const HEADER_ARGS = 5;
const COMMAND_TIMEOUT_MS = 1_000;

/** A connection for subscriptions: what was published while it was cut never arrives. */
class Subscriber extends EventEmitter {
  status = 'ready';
  readonly channels = new Set<string>();
  readonly owner: SimProcess;
  /** Messages arrive in order. */
  lastArrival = 0;
  generation = 0;

  constructor(owner: SimProcess) {
    super();
    this.owner = owner;
    this.setMaxListeners(0);
  }
}

/** Redis as the product uses it: streams with the publish script, channels, and the queue's jobs. It can forget anything. */
export class SimRedis {
  readonly #options: { time: VirtualTime; dice: Dice; network: Network };
  readonly #server = new SimProcess('redis');
  readonly #subscribers = new Set<Subscriber>();
  #stored: Stored = { streams: new Map(), jobs: [] };
  #saved: Stored = { streams: new Map(), jobs: [] };
  #awayUntil = 0;

  constructor(options: { time: VirtualTime; dice: Dice; network: Network }) {
    this.#options = options;
  }

  get isAway(): boolean {
    return this.#options.time.now < this.#awayUntil;
  }

  get jobs(): Job[] {
    return this.#stored.jobs;
  }

  addJob(job: Job): void {
    if (this.isAway) throw new Error('Redis is away');
    this.#stored.jobs.push(job);
  }

  flush(): void {
    this.#stored = { streams: new Map(), jobs: [] };
  }

  save(): void {
    this.#saved = structuredClone(this.#stored);
  }

  /** Comes back as it was when it was saved last. */
  rewind(): void {
    this.#stored = structuredClone(this.#saved);
  }

  goAway(ms: number): void {
    this.#awayUntil = Math.max(this.#awayUntil, this.#options.time.now + ms);
    this.cutSubscribers(ms + 50);
  }

  cutSubscribers(ms: number): void {
    for (const subscriber of this.#subscribers) this.#cut(subscriber, ms);
  }

  /** The connections of one process. */
  connect(owner: SimProcess): RedisConnections {
    const subscriber = new Subscriber(owner);
    this.#subscribers.add(subscriber);
    const commands = {
      status: 'ready',
      xrange: (key: string, from: string, _to: string, _count: string, count: number) =>
        this.#command(() => this.#range(key, Number(from.slice(0, from.indexOf('-'))), count)),
      publish: (channel: string, message: string) => this.#command(() => this.#publish(channel, message)),
      nightshift_publish_events: (_keys: number, key: string, ...args: (string | number)[]) =>
        this.#command(() => this.#append(key, args)),
    };
    const live = Object.assign(subscriber, {
      subscribe: (channel: string) => {
        subscriber.channels.add(channel);
        return this.#command(() => 1);
      },
      unsubscribe: async (channel: string) => {
        subscriber.channels.delete(channel);
      },
      ping: () => this.#command(() => 'PONG'),
      disconnect: () => this.#cut(subscriber, 50),
    });
    return {
      commands,
      subscriber: live,
      keys: {
        stream: (taskId: string) => `${taskId}:events`,
        liveChannel: (taskId: string) => `${taskId}:live`,
        cancelChannel: 'cancel',
      },
      noteFailure: () => undefined,
      close: async () => undefined,
    } as unknown as RedisConnections;
  }

  #command<T>(execute: () => T): Promise<T> {
    const { time, dice, network } = this.#options;
    const owner = time.owner();
    return new Promise((resolve, reject) => {
      const fail = (message: string, ms: number) => time.schedule(owner, ms, '', () => reject(new Error(message)));
      if (this.isAway) return void fail('Connection is closed.', 1);
      const isRequestLost = dice.chance(network.lostRequests);
      const isReplyLost = isRequestLost || dice.chance(network.lostReplies);
      const isRepeated = dice.chance(network.repeatedCommands);
      if (isReplyLost) fail('Command timed out', COMMAND_TIMEOUT_MS);
      if (isRequestLost) return;
      time.schedule(this.#server, dice.between(0.1, 3), '', () => {
        if (this.isAway) return void (isReplyLost || fail('Connection is closed.', 1));
        const answer = execute();
        if (!isReplyLost) time.schedule(owner, dice.between(0.1, 3), '', () => resolve(answer));
      });
      if (isRepeated)
        time.schedule(this.#server, dice.between(3, COMMAND_TIMEOUT_MS), '', () => this.isAway || execute());
    });
  }

  #range(key: string, from: number, count: number): [string, string[]][] {
    const entries = this.#stored.streams.get(key)?.entries ?? [];
    return entries
      .filter(({ last }) => last >= from)
      .slice(0, count)
      .map(({ last, fields }) => [`${last}-0`, fields]);
  }

  /** The model of packages/streams/lua/publish-events.lua. */
  #append(key: string, args: readonly (string | number)[]): [string, number] {
    const channel = String(args[0]);
    const isGapAllowed = args[HEADER_ARGS - 1] === '1';
    const stream: Stream = this.#stored.streams.get(key) ?? { last: 0, entries: [] };
    let exists = this.#stored.streams.has(key);
    let appended = 0;
    for (let i = HEADER_ARGS; i < args.length; i += 4) {
      const [first, last, final, texts] = args.slice(i, i + 4).map(String) as [string, string, string, string];
      if (Number(last) <= stream.last) continue;
      if (exists && Number(first) > stream.last + 1 && !isGapAllowed) return ['GAP', stream.last];
      stream.entries.push({ last: Number(last), fields: ['f', first, 'x', final, 't', texts] });
      stream.last = Number(last);
      this.#stored.streams.set(key, stream);
      this.#publish(channel, `${first} ${last} ${final}\n${texts}`);
      exists = true;
      appended += 1;
    }
    return ['OK', appended];
  }

  #publish(channel: string, message: string): number {
    const { time, dice } = this.#options;
    for (const subscriber of this.#subscribers) {
      if (subscriber.owner.isDead) this.#subscribers.delete(subscriber);
      if (subscriber.status !== 'ready' || !subscriber.channels.has(channel)) continue;
      const { generation } = subscriber;
      subscriber.lastArrival = Math.max(subscriber.lastArrival, time.now + dice.between(0.1, 5));
      time.schedule(subscriber.owner, subscriber.lastArrival - time.now, '', () => {
        if (subscriber.generation === generation) subscriber.emit('message', channel, message);
      });
    }
    return 1;
  }

  #cut(subscriber: Subscriber, ms: number): void {
    subscriber.generation += 1;
    subscriber.status = 'reconnecting';
    const { generation } = subscriber;
    this.#options.time.schedule(subscriber.owner, ms, 'subscriber is back', () => {
      if (subscriber.generation !== generation) return;
      subscriber.status = 'ready';
      subscriber.emit('ready');
    });
  }
}
