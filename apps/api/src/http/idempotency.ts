import { createHash } from 'node:crypto';
import { createFailure, FailureError } from '@nightshift/domain';
import { findIdempotentAnswer, type IdempotentAnswer, type StoredAnswer } from '@nightshift/store';
import type { ApiContext } from '../context.ts';
import { RequestError, refuse } from './refuse.ts';
import type { Caller } from './route.ts';

/** Visible ASCII, perhaps in quotes (the draft of RFC says a quoted string; most clients send it bare). */
const KEY = /^[\x21-\x7e]{1,255}$/;

/** Postgres: a lock was not granted in time. */
const LOCK_NOT_AVAILABLE = '55P03';

/** What makes a request repeatable, or undefined without a key. @throws RequestError invalid_request */
export function readIdempotency(
  header: string | string[] | undefined,
  request: { caller: Caller; rawBody: Buffer; route: string; status: number; body: unknown },
): IdempotentAnswer | undefined {
  if (header === undefined) return undefined;
  if (typeof header !== 'string' || !KEY.test(header)) {
    throw refuse('invalid_request', 'An Idempotency-Key is 1 to 255 visible ASCII characters, sent once.');
  }
  return {
    tenantId: request.caller.tenantId,
    route: request.route,
    key: header,
    fingerprint: createHash('sha256').update(request.rawBody).digest('hex'),
    status: request.status,
    body: request.body,
  };
}

/**
 * Writes what a request asks for, or finds the answer that an earlier one with the same key got.
 * @throws RequestError idempotency_key_reused, idempotency_in_flight
 */
export async function writeOnce(
  context: ApiContext,
  answer: IdempotentAnswer | undefined,
  write: () => Promise<boolean>,
): Promise<StoredAnswer | undefined> {
  if (await write().catch((error: unknown) => failInFlight(error, answer))) return undefined;
  const stored = answer && (await findEarlierAnswer(context, answer));
  // The first request was rolled back between our two statements, or its key has just been cleaned up.
  if (!stored) throw inFlight();
  return stored;
}

/**
 * What an earlier request with the same key was answered: before a look at a state that the request itself may have changed.
 * @throws RequestError idempotency_key_reused
 */
export async function findEarlierAnswer(
  context: ApiContext,
  answer: Pick<IdempotentAnswer, 'tenantId' | 'route' | 'key' | 'fingerprint'>,
): Promise<StoredAnswer | undefined> {
  const stored = await findIdempotentAnswer(context.pool, answer);
  if (stored && stored.fingerprint !== answer.fingerprint) {
    throw refuse('idempotency_key_reused', 'Another body was sent with this Idempotency-Key. Use a new key for it.');
  }
  return stored;
}

/** The key's row is locked by a request that has not ended within the wait. */
function failInFlight(error: unknown, answer: IdempotentAnswer | undefined): never {
  const cause: unknown = error instanceof FailureError ? error.cause : undefined;
  const isLocked = cause instanceof Error && 'code' in cause && cause.code === LOCK_NOT_AVAILABLE;
  throw answer && isLocked ? inFlight() : error;
}

function inFlight(): RequestError {
  const message = 'The first request with this Idempotency-Key has not ended yet. Send the same request again.';
  return new RequestError(createFailure('idempotency_in_flight', message, { retryAfterMs: 1_000 }), []);
}
