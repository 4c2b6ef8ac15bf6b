import { type Chaos, SOAK_FAULTS, type SoakFault } from './soak-faults.ts';

/** One fault as it was done. */
export interface DoneFault {
  /** Seconds since the start of the soak. */
  atSeconds: number;
  atMs: number;
  untilMs: number;
  name: string;
  detail: string;
}

const MIN_GAP_MS = 2_000;
const MAX_GAP_MS = 10_000;

/** Lets a fault happen every 2 to 10 seconds until the time is over, as the seed says; resolves when all have ended. */
export async function runChaos(chaos: Chaos, options: { startedAtMs: number; untilMs: number }): Promise<DoneFault[]> {
  const done: DoneFault[] = [];
  const running = new Set<Promise<void>>();
  const busy = new Set<SoakFault['on']>();
  const draw = createDeck(chaos.random);
  const begin = async (fault: SoakFault) => {
    const atMs = Date.now();
    if (fault.on) busy.add(fault.on);
    const detail = await fault.run(chaos).catch((error: unknown) => `did not work: ${String(error)}`);
    if (fault.on) busy.delete(fault.on);
    const atSeconds = Math.round((atMs - options.startedAtMs) / 100) / 10;
    done.push({ atSeconds, atMs, untilMs: Date.now(), name: fault.name, detail });
  };
  while (Date.now() < options.untilMs) {
    const gapMs = MIN_GAP_MS + chaos.random() * (MAX_GAP_MS - MIN_GAP_MS);
    await new Promise((resolve) => setTimeout(resolve, Math.min(gapMs, options.untilMs - Date.now())));
    const fault = draw();
    if (!fault || Date.now() >= options.untilMs || (fault.on && busy.has(fault.on))) continue;
    const run = begin(fault);
    running.add(run);
    void run.finally(() => running.delete(run));
  }
  await Promise.all(running);
  return done.sort((a, b) => a.atMs - b.atMs);
}

/** Like cards: each fault is in the deck as often as its weight says, so that even a short soak meets most of them. */
function createDeck(random: () => number): () => SoakFault | undefined {
  let deck: SoakFault[] = [];
  return () => {
    if (deck.length === 0) deck = SOAK_FAULTS.flatMap((fault) => Array.from({ length: fault.weight }, () => fault));
    return deck.splice(Math.floor(random() * deck.length), 1)[0];
  };
}
