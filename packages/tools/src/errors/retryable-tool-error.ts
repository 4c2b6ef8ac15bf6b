import { createFailure, type Failure } from '@nightshift/domain';

export interface RetryableToolErrorOptions {
  message: string;
  /** What the service asked for; the next try never comes earlier. */
  retryAfterMs?: number | undefined;
  /** A rate limit of the service: says nothing about an outage, so it never trips the breaker. */
  rateLimited?: boolean;
  cause?: unknown;
}

/**
 * Thrown by a tool that knows that nothing happened and that trying again makes sense. The only failure after which a
 * tool of effect class `unsafe` runs again within a call.
 */
export class RetryableToolError extends Error {
  override readonly name = 'RetryableToolError';
  readonly retryAfterMs: number | undefined;
  readonly rateLimited: boolean;

  constructor(options: RetryableToolErrorOptions) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.retryAfterMs = options.retryAfterMs;
    this.rateLimited = options.rateLimited === true;
  }

  toFailure(tool: string): Failure {
    const code = this.rateLimited ? 'tool_rate_limited' : 'tool_failed';
    return createFailure(code, this.message, { retryAfterMs: this.retryAfterMs, detail: { tool } });
  }
}
