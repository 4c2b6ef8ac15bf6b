import { type FailureError, failWith } from '@nightshift/domain';

export interface TurnTimeouts {
  /** No byte at all, pings included. */
  silenceMs: number;
  /** No content: pings keep the connection, not the turn. */
  idleMs: number;
  /** The whole turn. */
  totalMs: number;
}

export const DEFAULT_TURN_TIMEOUTS: TurnTimeouts = { silenceMs: 60_000, idleMs: 180_000, totalMs: 900_000 };

/**
 * Watches one streamed reply. The SDK's own timeout ends with the headers, and it hides pings: a stream that stalls
 * afterwards would hang for ever.
 */
export class TurnWatchdog {
  readonly #controller = new AbortController();
  readonly #timeouts: TurnTimeouts;
  readonly #total: NodeJS.Timeout;
  #silence: NodeJS.Timeout | undefined;
  #idle: NodeJS.Timeout | undefined;
  /** Set when a watchdog ended the turn. */
  failure: FailureError | undefined;

  constructor(timeouts: TurnTimeouts) {
    this.#timeouts = timeouts;
    this.#total = this.#arm(timeouts.totalMs, 'model_timeout', 'The turn took longer than');
    this.sawBytes();
    this.sawContent();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  sawBytes(): void {
    clearTimeout(this.#silence);
    this.#silence = this.#arm(this.#timeouts.silenceMs, 'model_stalled', 'The model sent nothing for');
  }

  sawContent(): void {
    clearTimeout(this.#idle);
    this.#idle = this.#arm(this.#timeouts.idleMs, 'model_stalled', 'The model sent no content for');
  }

  stop(): void {
    clearTimeout(this.#total);
    clearTimeout(this.#silence);
    clearTimeout(this.#idle);
  }

  #arm(ms: number, code: 'model_timeout' | 'model_stalled', words: string): NodeJS.Timeout {
    return setTimeout(() => {
      this.failure ??= failWith(code, `${words} ${ms} ms.`);
      this.#controller.abort(this.failure);
    }, ms);
  }
}
