import type { Logger } from '@nightshift/telemetry';

/** A job that is done again and again by whichever process leads. One file each; every one is harmless when done twice. */
export interface Housekeeper {
  name: string;
  intervalMs: number;
  /** Returns true when there is more to do at once. */
  runOnce(): Promise<boolean>;
}

export interface Housekeeping {
  stop(): Promise<void>;
}

/** After a pass that found work the next one follows this soon. */
const BUSY_INTERVAL_MS = 10;
const MAX_BACKOFF_MS = 5_000;

/** Runs the housekeepers, each in its own rhythm, while this process leads. Failures back off and never stop a loop. */
export function startHousekeeping(options: {
  housekeepers: readonly Housekeeper[];
  leads: () => boolean;
  log: Logger;
}): Housekeeping {
  const stopping = new AbortController();
  const loops = options.housekeepers.map((housekeeper) => loop(housekeeper));

  async function loop(housekeeper: Housekeeper): Promise<void> {
    let failures = 0;
    while (!stopping.signal.aborted) {
      let delayMs = housekeeper.intervalMs;
      try {
        if (options.leads() && (await housekeeper.runOnce())) delayMs = BUSY_INTERVAL_MS;
        failures = 0;
      } catch (error) {
        failures += 1;
        delayMs = Math.min(MAX_BACKOFF_MS, housekeeper.intervalMs * 2 ** Math.min(failures, 8));
        options.log.warn(
          { housekeeper: housekeeper.name, error: String(error) },
          'housekeeper failed; it will try again',
        );
      }
      await pause(delayMs, stopping.signal);
    }
  }

  return {
    async stop() {
      stopping.abort();
      await Promise.all(loops);
    },
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
  });
}
