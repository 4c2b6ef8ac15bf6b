import { callWithFailpoints } from '@nightshift/resilience';
import type { Redis } from 'ioredis';
import { createConnectionLoss } from './open-redis.ts';

const CHANNELS_PER_COMMAND = 500;

/** What a connection is subscribed to, so that after a reconnect it is exactly what is wanted. */
export class LiveChannels {
  readonly #subscriber: Redis;
  /** Channels that ioredis was told of, and that it subscribes again by itself after a reconnect. */
  readonly #sent = new Set<string>();

  constructor(subscriber: Redis) {
    this.#subscriber = subscriber;
  }

  /** True when the server has confirmed it. Only for a connection that is there: ioredis keeps what it cannot send. */
  subscribe(channels: readonly string[]): Promise<boolean> {
    for (const channel of channels) this.#sent.add(channel);
    const send = () => this.#subscriber.subscribe(...channels);
    return callWithFailpoints('streams.subscribe', send, createConnectionLoss).then(
      () => true,
      () => {
        for (const channel of channels) this.#sent.delete(channel); // again after the reconnect
        return false;
      },
    );
  }

  unsubscribe(channel: string): void {
    this.#sent.delete(channel);
    this.#subscriber.unsubscribe(channel).catch(() => undefined);
  }

  /** After a reconnect: subscribes what was wanted meanwhile, and drops what ioredis has subscribed for nobody. */
  restore(wanted: ReadonlyMap<string, unknown>): void {
    const missing = [...wanted.keys()].filter((channel) => !this.#sent.has(channel));
    for (let i = 0; i < missing.length; i += CHANNELS_PER_COMMAND) {
      void this.subscribe(missing.slice(i, i + CHANNELS_PER_COMMAND));
    }
    for (const channel of this.#sent) if (!wanted.has(channel)) this.unsubscribe(channel);
  }
}
