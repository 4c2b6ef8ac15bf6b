import type { SimProcess } from './sim-process.ts';

/** When every simulated run begins, ms since 1970: ids and dates are the same for the same seed. */
const BEGINNING = Date.UTC(2026, 0, 1);
const TRACE_LENGTH = 400;

/** Something that happens to a process at a moment: a timer, a reply, a message. */
export interface Pending {
  at: number;
  order: number;
  owner: SimProcess;
  label: string;
  run: () => void;
}

const real = { Date, setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, clearImmediate };

/**
 * The only clock and the only source of order of a simulated run. Whatever is pending happens one at a time, by time; the
 * microtasks of one are over before the next one begins. Between two of them a process can be crashed or frozen, and that
 * is at any await of it that waits for the outside. Timers belong to the process in whose turn they were set.
 */
export class VirtualTime {
  now = 0;
  steps = 0;
  /** What was thrown where nobody catches: each would have ended a process. */
  readonly uncaught: string[] = [];
  /** The process whose code runs now. */
  current: SimProcess | undefined;
  readonly #queue: Pending[] = [];
  readonly #trace: string[] = [];
  #order = 0;

  get dateMs(): number {
    return BEGINNING + this.now;
  }

  schedule(owner: SimProcess, delayMs: number, label: string, run: () => void): Pending {
    const item = { at: this.now + Math.max(0, delayMs), order: this.#order++, owner, label, run };
    this.#insert(item);
    return item;
  }

  cancel(item: Pending): void {
    const index = this.#queue.indexOf(item);
    if (index >= 0) this.#queue.splice(index, 1);
  }

  /** Runs code of a process now, as its own turn. */
  enter<T>(process: SimProcess, work: () => T): T {
    const before = this.current;
    this.current = process;
    try {
      return work();
    } finally {
      this.current = before;
    }
  }

  /** Resolves later, in a turn of the process that asks. */
  sleep(delayMs: number, label: string): Promise<void> {
    const owner = this.owner();
    return new Promise((resolve) => this.schedule(owner, delayMs, label, resolve));
  }

  owner(): SimProcess {
    if (!this.current) throw new Error('no simulated process runs now');
    return this.current;
  }

  /** One thing after the other until the condition holds or the time has come; true when it holds. */
  async runUntil(isDone: () => boolean, atMs: number): Promise<boolean> {
    for (;;) {
      if (isDone()) return true;
      const next = this.#queue[0];
      if (!next || next.at > atMs) {
        this.now = Math.max(this.now, atMs);
        return isDone();
      }
      this.#queue.shift();
      if (next.owner.isDead) continue;
      if (next.owner.frozenUntil > next.at) {
        this.#insert({ ...next, at: next.owner.frozenUntil });
        continue;
      }
      this.now = Math.max(this.now, next.at);
      await this.#happen(next);
    }
  }

  note(line: string): void {
    if (this.#trace.push(`${this.now.toFixed(1).padStart(9)} ${line}`) > TRACE_LENGTH * 2) {
      this.#trace.splice(0, TRACE_LENGTH);
    }
  }

  /** The last things that happened, oldest first. */
  trace(): string[] {
    return this.#trace.slice(-TRACE_LENGTH);
  }

  async #happen({ owner, label, run }: Pending): Promise<void> {
    this.steps += 1;
    if (label !== '') this.note(`${owner.name}: ${label}`);
    this.current = owner;
    try {
      run();
    } catch (error) {
      this.uncaught.push(`${owner.name}: uncaught ${String(error)}`);
    }
    await new Promise<void>((resolve) => real.setImmediate(resolve)); // every microtask of it is over then
    this.current = undefined;
  }

  #insert(item: Pending): void {
    let low = 0;
    let high = this.#queue.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#queue[middle];
      if (other && (other.at < item.at || (other.at === item.at && other.order < item.order))) low = middle + 1;
      else high = middle;
    }
    this.#queue.splice(low, 0, item);
  }

  /** Puts this clock in the place of the process' own. Code that no simulated process runs keeps the real timers. */
  install(): () => void {
    const time = this;
    const now = performance.now;
    const VirtualDate = class extends real.Date {
      constructor(...values: unknown[]) {
        super(...((values.length === 0 ? [time.dateMs] : values) as [number]));
      }
      static override now() {
        return time.dateMs;
      }
    };
    const replaced = {
      Date: VirtualDate,
      setTimeout: (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) =>
        time.current ? new VirtualTimer(time, () => run(...args), ms) : real.setTimeout(run, ms, ...args),
      setInterval: (run: () => void, ms = 0) =>
        time.current ? new VirtualTimer(time, run, ms, true) : real.setInterval(run, ms),
      setImmediate: (run: (...args: unknown[]) => void, ...args: unknown[]) =>
        time.current ? new VirtualTimer(time, () => run(...args), 0) : real.setImmediate(run, ...args),
      clearTimeout: (timer: unknown) => clear(timer, real.clearTimeout),
      clearInterval: (timer: unknown) => clear(timer, real.clearInterval),
      clearImmediate: (timer: unknown) => clear(timer, real.clearImmediate),
    };
    Object.assign(globalThis, replaced);
    performance.now = () => time.now;
    return () => {
      Object.assign(globalThis, real);
      performance.now = now;
    };
  }
}

function clear(timer: unknown, clearReal: (timer: never) => void): void {
  if (timer instanceof VirtualTimer) timer.stop();
  else clearReal(timer as never);
}

class VirtualTimer {
  readonly #time: VirtualTime;
  readonly #owner: SimProcess;
  #pending: Pending | undefined;

  constructor(time: VirtualTime, run: () => void, ms: number, repeats = false) {
    this.#time = time;
    this.#owner = time.owner();
    const arm = () => {
      this.#pending = time.schedule(this.#owner, repeats ? Math.max(1, ms) : ms, '', () => {
        this.#pending = undefined;
        if (repeats) arm();
        run();
      });
    };
    arm();
  }

  stop(): void {
    if (this.#pending) this.#time.cancel(this.#pending);
    this.#pending = undefined;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}
