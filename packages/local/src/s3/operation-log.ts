import type { FaultAction } from './fault-script.ts';
import type { Operation } from './http/operation.ts';

/** Enough for any test; a server that runs for days must not remember every request. */
const MAX_ENTRIES = 10_000;

export interface OperationEntry {
  /** The moment it came in. */
  atMs: number;
  method: string;
  /** Null when the request meant no operation of this server. */
  operation: Operation | null;
  bucket: string | null;
  key: string | null;
  /** The status answered; null while it is served, and when no answer reached the client. */
  status: number | null;
  /** The code of an error answer. */
  code: string | null;
  /** The scripted faults that applied. */
  faults: readonly FaultAction['kind'][];
}

/** What the server was asked, in the order it came in. */
export class OperationLog {
  readonly #entries: OperationEntry[] = [];

  add(entry: OperationEntry): void {
    if (this.#entries.length === MAX_ENTRIES) this.#entries.shift();
    this.#entries.push(entry);
  }

  get entries(): readonly OperationEntry[] {
    return this.#entries;
  }

  of(operation: Operation): OperationEntry[] {
    return this.#entries.filter((entry) => entry.operation === operation);
  }

  clear(): void {
    this.#entries.length = 0;
  }
}
