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
  readonly #total: NodeJS.Timeout;
  readonly #silence: NodeJS.Timeout;
  readonly #idle: NodeJS.Timeout;
  #listening = 0;
  /** Set when a watchdog ended the turn. */
  failure: FailureError | undefined;

  constructor(timeouts: TurnTimeouts) {
    this.#total = this.#arm(timeouts.totalMs, 'model_timeout', 'The turn took longer than');
    this.#silence = this.#arm(timeouts.silenceMs, 'model_stalled', 'The model sent nothing for');
    this.#idle = this.#arm(timeouts.idleMs, 'model_stalled', 'The model sent no content for');
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  sawBytes(): void {
    this.#silence.refresh();
  }

  sawContent(): void {
    this.#idle.refresh();
  }

  /** Waits for whoever listens to the reply: while a full buffer holds us up, the model's silence is our own doing. */
  async whileListening(listening: Promise<void>): Promise<void> {
    this.#listening++;
    try {
      await listening;
    } finally {
      this.#listening--;
      this.sawBytes();
      this.sawContent();
    }
  }

  stop(): void {
    clearTimeout(this.#total);
    clearTimeout(this.#silence);
    clearTimeout(this.#idle);
  }

  #arm(ms: number, code: 'model_timeout' | 'model_stalled', words: string): NodeJS.Timeout {
    const timer = setTimeout(() => {
      if (code === 'model_stalled' && this.#listening > 0) {
        timer.refresh();
        return;
      }
      this.failure ??= failWith(code, `${words} ${ms} ms.`);
      this.#controller.abort(this.failure);
    }, ms);
    return timer;
  }
}
