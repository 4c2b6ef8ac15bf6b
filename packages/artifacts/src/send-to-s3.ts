import { setTimeout as sleep } from 'node:timers/promises';
import { decideRetry, type FailureError, type RetryPolicy } from '@nightshift/domain';
import type { S3Connection } from './s3-connection.ts';
import { hasS3Code, toS3Failure } from './to-s3-failure.ts';

/** One policy for every call: four tries within about eight seconds, full jitter. */
export const S3_RETRY_POLICY: RetryPolicy = Object.freeze({
  maxAttempts: 4,
  minTimeoutMs: 200,
  factor: 4,
  maxTimeoutMs: 5_000,
});

export interface S3Call {
  /** Name of the operation, for logs and failures. */
  operation: string;
  key?: string;
  signal?: AbortSignal | undefined;
}

/**
 * Runs one call, with retries where trying again can help. `send` runs once per try: what it reads from the reply is
 * part of the try. Throws a FailureError, or the signal's reason once it has aborted.
 */
export async function sendToS3<T>(connection: S3Connection, call: S3Call, send: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    call.signal?.throwIfAborted();
    try {
      return await send();
    } catch (error) {
      await waitForRetry(connection, call, attempt, error);
    }
  }
}

/** Resolves when the call should be tried again; otherwise throws why not. */
export async function waitForRetry(
  connection: S3Connection,
  call: S3Call,
  attempt: number,
  error: unknown,
): Promise<void> {
  call.signal?.throwIfAborted();
  const failure = toS3Failure(error, call.operation);
  if (!isWorthAnotherTry(failure)) throw failure;
  const random = Math.random();
  const decision = decideRetry({ failure: failure.failure, attempt, policy: S3_RETRY_POLICY, random });
  if (decision.kind === 'stop') throw failure;
  const { delayMs } = decision;
  const { operation, key } = call;
  connection.log.warn({ operation, key, attempt, delayMs, failure: failure.failure }, 'S3 call failed, trying again');
  // An abort ends the wait; the caller's next check of the signal throws its reason.
  await sleep(delayMs, undefined, call.signal ? { signal: call.signal } : {}).catch(() => undefined);
}

/**
 * Whether the same request can succeed. That is less than `retryable`: a retryable refusal (the upload is gone) means
 * that whoever has the bytes can start again.
 */
function isWorthAnotherTry(failure: FailureError): boolean {
  return failure.failure.code === 'storage_unavailable' || hasS3Code(failure, 'ConditionalRequestConflict');
}
