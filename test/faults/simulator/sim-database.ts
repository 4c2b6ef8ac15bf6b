import type { Pool } from '../../../packages/store/src/index.ts';
import type { Dice } from './dice.ts';
import type { Network } from './network.ts';
import { SimProcess } from './sim-process.ts';
import { STATEMENTS } from './sql/statements.ts';
import { createTables, type Executed, type Row, type Snapshot, type Tables } from './sql/tables.ts';
import type { VirtualTime } from './virtual-time.ts';
import type { Weaknesses } from './weaknesses.ts';

const LOST = 'Connection terminated unexpectedly';
const LOCK_TIMEOUT_MS = 3_000;
const LATE_MS = 5_000;
const SLOW_MS = 400;

interface Call {
  name: string;
  values: readonly unknown[];
  owner: SimProcess;
  isSettled: boolean;
  resolve(rows: Row[]): void;
  reject(message: string, code?: string): void;
}

/**
 * Postgres as the product sees it: one statement is one transaction, takes the locks of its heads when it begins and writes
 * when it commits; between the two others skip its heads or wait. A request and its answer travel, and may get lost on
 * the way, which the caller cannot tell apart.
 */
export class SimDatabase {
  readonly tables: Tables = createTables();
  readonly #options: { time: VirtualTime; dice: Dice; network: Network; weak: Weaknesses };
  readonly #locked = new Map<string, Call>();
  readonly #sessions = new Map<string, SimProcess>();
  readonly #problems: string[];
  #server = new SimProcess('postgres');
  #waiting: { call: Call; since: number }[] = [];
  #open = new Set<Call>();
  #downUntil = 0;

  constructor(options: {
    time: VirtualTime;
    dice: Dice;
    network: Network;
    weak: Weaknesses;
    problems: string[];
  }) {
    this.#options = options;
    this.#problems = options.problems;
  }

  /** A pool of connections; callers give up after the time, as ours do. */
  openPool(timeoutMs: number): Pool {
    const query = ({ name, values }: { name: string; values: unknown[] }) => this.#send(name, values, timeoutMs);
    return { query } as unknown as Pool;
  }

  holdSession(lockKey: bigint, process: SimProcess): void {
    this.#sessions.set(lockKey.toString(), process);
  }

  /** Everything that is not committed is gone, every connection and with them every session lock. */
  restart(downMs: number): void {
    const { time } = this.#options;
    this.#server.crash();
    this.#server = new SimProcess('postgres');
    this.#downUntil = time.now + downMs;
    this.#locked.clear();
    this.#waiting = [];
    for (const call of this.#open) call.reject(LOST);
    for (const process of this.#sessions.values()) this.cutSession(process, downMs + 150);
  }

  /** The connection that holds the session lock of a process is cut, and made anew after the time. */
  cutSession(process: SimProcess, ms: number): void {
    process.holdsLock = false;
    this.#options.time.schedule(process, ms, '', () => {
      process.holdsLock = true;
    });
  }

  #send(name: string, values: readonly unknown[], timeoutMs: number): Promise<{ rows: Row[] }> {
    const { time, dice, network } = this.#options;
    const owner = time.owner();
    return new Promise((resolve, reject) => {
      const settle = (label: string, delayMs: number, run: () => void) => {
        if (call.isSettled) return;
        call.isSettled = true;
        this.#open.delete(call);
        time.schedule(owner, delayMs, label, run);
      };
      const call: Call = {
        name,
        values,
        owner,
        isSettled: false,
        resolve: (rows) => settle('', dice.between(0.1, 2), () => resolve({ rows })),
        reject: (message, code) =>
          settle(`${name}: ${message}`, dice.between(0.1, 20), () => reject(toError(message, code))),
      };
      if (time.now < this.#downUntil) return call.reject('connect ECONNREFUSED 127.0.0.1:5432');
      this.#open.add(call);
      time.schedule(owner, timeoutMs, '', () => call.reject('Query read timeout'));
      if (dice.chance(network.lostRequests)) return call.reject(LOST);
      const travelMs = dice.chance(network.lateRequests) ? dice.between(200, LATE_MS) : dice.between(0.1, 2);
      time.schedule(this.#server, travelMs, '', () => this.#begin(call));
    });
  }

  #begin(call: Call): void {
    const { time, dice, network, weak } = this.#options;
    const statement = STATEMENTS.get(call.name);
    if (!statement) {
      this.#problems.push(`the model does not know the statement ${call.name}`);
      call.reject('unknown statement', '42601');
      return;
    }
    const executed = statement(this.#snapshot(), call.values);
    if (executed === 'blocked') {
      this.#waiting.push({ call, since: time.now });
      time.schedule(this.#server, LOCK_TIMEOUT_MS, '', () => this.#giveUp(call));
      return;
    }
    if (executed.locks.length === 0 && call.name !== 'flush-tasks') {
      this.#commit(call, executed);
      return;
    }
    for (const id of executed.locks) this.#locked.set(id, call);
    if (weak.answerBeforeCommit && call.name === 'flush-tasks') call.resolve(executed.rows);
    const isSlow = dice.chance(weak.answerBeforeCommit || weak.checkThenWrite ? 0.2 : network.slowStatements);
    time.schedule(this.#server, isSlow ? dice.between(5, SLOW_MS) : dice.between(0.2, 2), '', () =>
      this.#commit(call, executed),
    );
  }

  #commit(call: Call, executed: Executed): void {
    const { dice, network, time } = this.#options;
    executed.commit();
    for (const id of executed.locks) if (this.#locked.get(id) === call) this.#locked.delete(id);
    const verdicts = executed.rows.map((row) => row.verdict).filter((verdict) => verdict !== undefined);
    const isQuiet = executed.rows.length === 0 || QUIET.has(call.name);
    if (!isQuiet)
      time.note(`postgres: ${call.name} of ${call.owner.name}: ${verdicts.join(' ') || executed.rows.length}`);
    if (dice.chance(network.lostReplies)) call.reject(LOST);
    else call.resolve(executed.rows);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { call: next } of waiting) if (!next.isSettled) this.#begin(next);
  }

  #giveUp(call: Call): void {
    const before = this.#waiting.length;
    this.#waiting = this.#waiting.filter((waiting) => waiting.call !== call);
    if (this.#waiting.length < before) call.reject('canceling statement due to lock timeout', '55P03');
  }

  #snapshot(): Snapshot {
    return {
      tables: this.tables,
      now: this.#options.time.dateMs,
      weak: this.#options.weak,
      isLocked: (taskId) => this.#locked.has(taskId),
      isLockHeld: (lockKey) => this.#sessions.get(lockKey)?.holdsLock === true,
    };
  }
}

/** Looks that happen many times a second. */
const QUIET = new Set([
  'find-worker-locks',
  'take-leadership',
  'read-tails',
  'renew-lease',
  'read-events',
  'read-log-page',
  'read-steps',
]);

function toError(message: string, code?: string): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { code, severity: 'ERROR' });
}
