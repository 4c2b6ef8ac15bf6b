import { failWith } from '@nightshift/domain';
import { RetryableToolError } from '../../errors/retryable-tool-error.ts';
import { ToolError } from '../../errors/tool-error.ts';
import { Mp3Error } from './mp3-error.ts';

/** Polly answers both with HTTP 400, so only the name tells (PITFALLS.md 5.5). */
const THROTTLED: ReadonlySet<string> = new Set(['ThrottlingException', 'ServiceQuotaExceededException']);

/** The text or the voice will not do; another one may. */
const REFUSED: ReadonlySet<string> = new Set([
  'EngineNotSupportedException',
  'InvalidSampleRateException',
  'InvalidSsmlException',
  'LanguageNotSupportedException',
  'TextLengthExceededException',
  'ValidationException',
]);

/** Nothing in the task can change that we are not let in. */
const NOT_LET_IN: ReadonlySet<string> = new Set([
  'AccessDeniedException',
  'CredentialsProviderError',
  'ExpiredTokenException',
  'IncompleteSignatureException',
  'InvalidSignatureException',
  'MissingAuthenticationTokenException',
  'UnrecognizedClientException',
]);

/** Converts what a call to Polly or the reading of its audio threw into what the executor understands. */
export function toPollyError(thrown: unknown): Error {
  const name = readText(thrown, 'name') ?? 'UnknownError';
  if (thrown instanceof Mp3Error) {
    return new RetryableToolError({ message: `The speech was not complete: ${thrown.message}.`, cause: thrown });
  }
  if (THROTTLED.has(name)) {
    const message = `The speech service limits the rate (${name}).`;
    return new RetryableToolError({ message, rateLimited: true, cause: thrown });
  }
  if (REFUSED.has(name)) {
    return new ToolError(`The speech service refused the request: ${name}.`, { cause: thrown });
  }
  if (NOT_LET_IN.has(name)) {
    return failWith('tool_failed', `The speech service does not let us in (${name}).`, {
      retryable: false,
      detail: { tool: 'speak' },
      cause: thrown,
    });
  }
  const what = readText(thrown, 'code') ?? name;
  return new RetryableToolError({ message: `The speech service failed (${what}).`, cause: thrown });
}

function readText(thrown: unknown, field: 'name' | 'code'): string | undefined {
  if (typeof thrown !== 'object' || thrown === null) return undefined;
  const value: unknown = Reflect.get(thrown, field);
  return typeof value === 'string' ? value : undefined;
}
