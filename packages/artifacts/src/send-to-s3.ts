import type { Failure, RetryPolicy } from '@nightshift/domain';
import { RetryStoppedError, retry } from '@nightshift/resilience';
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
  const { operation, key, signal } = call;
  try {
    return await retry({ random: Math.random, now: Date.now }, send, {
      policy: S3_RETRY_POLICY,
      signal,
      toFailure: (thrown) => toRequestFailure(thrown, operation),
      onRetry: (notice) => connection.log.warn({ operation, key, ...notice }, 'S3 call failed, trying again'),
    });
  } catch (error) {
    throw error instanceof RetryStoppedError ? toS3Failure(error.cause, operation) : error;
  }
}

/**
 * The failure of one request, retryable only if the same request can succeed. That is less than what callers are told: a
 * refusal that is retryable for them (the upload is gone) means that whoever has the bytes can start again.
 */
function toRequestFailure(thrown: unknown, operation: string): Failure {
  const error = toS3Failure(thrown, operation);
  const { failure } = error;
  const canSucceed = failure.code === 'storage_unavailable' || hasS3Code(error, 'ConditionalRequestConflict');
  return canSucceed ? failure : { ...failure, retryable: false };
}
