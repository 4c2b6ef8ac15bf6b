import { FAILURE_CODES, type FailureCode, type FailureOrigin } from './failure-codes.ts';
import type { JsonObject } from './json.ts';

/**
 * What went wrong, as a value: the same object is `task.failure`, the `task.failed` event and the dead letter, and its
 * fields are those of a problem body (API.md 4). Fields are snake_case because it is stored and sent as it is.
 */
export interface Failure {
  code: FailureCode;
  /** One or two sentences for a person: what was wrong, where, and what to do. Never a stack. */
  message: string;
  retryable: boolean;
  retry_after_ms?: number;
  origin: FailureOrigin;
  /** Versioned group key: failures with the same one are the same problem. */
  fingerprint: string;
  /** Identifiers that help to find it elsewhere: request_id, tool, model, http_status, ... */
  detail?: JsonObject;
}

const FINGERPRINT_VERSION = 'v1';

/**
 * Numbers, ids and quoted parts differ between occurrences of one problem; they are replaced, so that the fingerprint
 * groups by what happened and not by to whom.
 */
function toFingerprint(code: FailureCode, message: string, where: string): string {
  const shape = message
    .toLowerCase()
    .replace(/\b[a-z]+_[0-9a-hjkmnp-tv-z]{26}\b/g, '<id>')
    .replace(/"[^"]*"|'[^']*'|`[^`]*`/g, '<text>')
    .replace(/[0-9a-f]{8,}|\d+([.,:]\d+)*/g, '<n>')
    .replace(/\s+/g, ' ')
    .slice(0, 120);
  return `${FINGERPRINT_VERSION}:${code}:${where}:${hash32(shape)}`;
}

/** FNV-1a: not cryptographic, only short and stable. */
function hash32(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash ^= text.charCodeAt(i);
    hash = Math.imul(hash, 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, '0');
}

export interface FailureOptions {
  retryable?: boolean;
  retryAfterMs?: number | undefined;
  detail?: JsonObject | undefined;
}

/** Builds a failure; retryability and origin come from the table of codes unless told otherwise. */
export function createFailure(code: FailureCode, message: string, options: FailureOptions = {}): Failure {
  const known = FAILURE_CODES[code];
  const where = String(options.detail?.tool ?? options.detail?.model ?? known.origin);
  return {
    code,
    message: message.toWellFormed(),
    retryable: options.retryable ?? known.retryable,
    ...(options.retryAfterMs === undefined ? {} : { retry_after_ms: Math.max(0, Math.round(options.retryAfterMs)) }),
    origin: known.origin,
    fingerprint: toFingerprint(code, message, where),
    ...(options.detail === undefined ? {} : { detail: options.detail }),
  };
}

/** A failure on its way up the stack. The only error our own code throws across packages on purpose. */
export class FailureError extends Error {
  override readonly name = 'FailureError';
  readonly failure: Failure;

  constructor(failure: Failure, options?: { cause?: unknown }) {
    super(`${failure.code}: ${failure.message}`, options);
    this.failure = failure;
  }
}

/** Throws a failure: `throw failWith('not_found', '...')`. */
export function failWith(
  code: FailureCode,
  message: string,
  options: FailureOptions & { cause?: unknown } = {},
): FailureError {
  const { cause, ...rest } = options;
  return new FailureError(createFailure(code, message, rest), cause === undefined ? undefined : { cause });
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message || thrown.name;
  return typeof thrown === 'string' ? thrown : String(thrown);
}
