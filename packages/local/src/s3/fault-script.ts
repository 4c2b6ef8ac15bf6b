import type { Operation } from './http/operation.ts';

/**
 * What a scripted fault does to a request:
 * - `error`: answers with this status and code, executes nothing. Status 200 gives the "200 with an error inside" of S3.
 * - `delay`: waits, then goes on as if nothing were.
 * - `hang`: neither executes nor answers, until the client leaves or the server closes.
 * - `cut_request`: closes the socket after so many bytes of the body were read, or at its end; nothing is stored. Without
 *   effect on an operation that reads no body.
 * - `cut_response`: executes, then closes the socket after the headers and at most so many bytes of the body were sent.
 * - `drop_reply`: executes, then closes the socket without a byte of answer.
 */
export type FaultAction =
  | { kind: 'error'; status: number; code: string; message?: string; headers?: Record<string, string> }
  | { kind: 'delay'; delayMs: number }
  | { kind: 'hang' }
  | { kind: 'cut_request'; afterBytes: number }
  | { kind: 'cut_response'; afterBytes: number }
  | { kind: 'drop_reply' };

/** Every field given must match; a `key` as text matches exactly. */
export interface FaultMatch {
  method?: string;
  operation?: Operation;
  bucket?: string;
  key?: string | RegExp;
}

export interface Fault {
  match?: FaultMatch;
  /** How many matching requests to let pass first. Default 0. */
  skip?: number;
  /** How many requests it then hits. Default 1; Infinity until `clear()`. */
  times?: number;
  action: FaultAction;
}

export interface FaultSubject {
  method: string;
  operation: Operation;
  bucket: string | null;
  key: string | null;
}

interface ScriptedFault {
  fault: Fault;
  skipLeft: number;
  timesLeft: number;
}

/** The faults a test has asked for. Of those that match a request, every `delay` and the first other one apply. */
export class FaultScript {
  readonly #faults: ScriptedFault[] = [];

  add(fault: Fault): void {
    this.#faults.push({ fault, skipLeft: fault.skip ?? 0, timesLeft: fault.times ?? 1 });
  }

  clear(): void {
    this.#faults.length = 0;
  }

  /** How many faults have not hit as often as they were asked to: 0 when the script has played to its end. */
  get pendingCount(): number {
    return this.#faults.length;
  }

  /** Takes what applies to a request off the script. */
  take(subject: FaultSubject): FaultAction[] {
    const actions: FaultAction[] = [];
    for (const scripted of this.#faults) {
      const { action, match } = scripted.fault;
      const isTaken = actions.some(({ kind }) => kind !== 'delay');
      if ((isTaken && action.kind !== 'delay') || !matches(match ?? {}, subject)) continue;
      if (scripted.skipLeft > 0) {
        scripted.skipLeft -= 1;
        continue;
      }
      scripted.timesLeft -= 1;
      actions.push(action);
    }
    const left = this.#faults.filter(({ timesLeft }) => timesLeft > 0);
    this.#faults.splice(0, this.#faults.length, ...left);
    return actions;
  }
}

function matches(match: FaultMatch, subject: FaultSubject): boolean {
  if (match.method !== undefined && match.method !== subject.method) return false;
  if (match.operation !== undefined && match.operation !== subject.operation) return false;
  if (match.bucket !== undefined && match.bucket !== subject.bucket) return false;
  if (match.key === undefined) return true;
  if (subject.key === null) return false;
  // `search` does not depend on the state a global expression keeps between calls.
  return typeof match.key === 'string' ? match.key === subject.key : subject.key.search(match.key) !== -1;
}
