import { AnthropicError, APIConnectionError, APIConnectionTimeoutError, APIError } from '@anthropic-ai/sdk';
import { createFailure, type Failure, type FailureCode, FailureError, messageOf } from '@nightshift/domain';

const SPEND_LIMIT = /spend_limit|billing|credit balance/i;
const TOO_LONG = /prompt is too long|exceeds? the (context|maximum)|context (window|length|limit)/i;

/** The one converter of what the model's SDK throws. Classified by `type` first: a mid-stream error has no status. */
export function toModelFailure(thrown: unknown, model: string): Failure {
  if (thrown instanceof FailureError) return thrown.failure;
  if (thrown instanceof APIConnectionTimeoutError) return failure('model_timeout', thrown, model);
  if (thrown instanceof APIConnectionError) return failure('model_unavailable', thrown, model);
  if (thrown instanceof APIError) return failure(codeOf(thrown), thrown, model);
  if (thrown instanceof AnthropicError) return failure('model_stream_cut', thrown, model);
  if (isBrokenBody(thrown)) return failure('model_stream_cut', thrown, model);
  return failure('model_bad_reply', thrown, model);
}

/** What reading a body throws when the connection breaks or its bytes make no sense: undici's `TypeError: terminated`. */
function isBrokenBody(thrown: unknown): boolean {
  return thrown instanceof TypeError && (thrown.message === 'terminated' || thrown.cause !== undefined);
}

function codeOf(error: APIError): FailureCode {
  const words = `${error.errorCode ?? ''} ${error.apiMessage ?? ''}`;
  if (SPEND_LIMIT.test(words)) return 'model_billing';
  // Only of a refused input: a rate limit also speaks of tokens that are too many.
  const refused = error.type === 'invalid_request_error' || error.status === 400 || error.status === 413;
  if (refused && TOO_LONG.test(words)) return 'model_request_too_large';
  switch (String(error.type)) {
    case 'rate_limit_error':
      return 'model_rate_limited';
    case 'overloaded_error':
      return 'model_overloaded';
    case 'authentication_error':
    case 'permission_error':
      return 'model_auth';
    case 'billing_error':
      return 'model_billing';
    case 'not_found_error':
      return 'model_unknown';
    case 'request_too_large':
      return 'model_request_too_large';
    case 'invalid_request_error':
      return 'model_invalid_request';
    case 'timeout_error':
      return 'model_timeout';
    default:
      return codeOfStatus(error.status);
  }
}

function codeOfStatus(status: number | undefined): FailureCode {
  switch (status) {
    case 400:
    case 422:
      return 'model_invalid_request';
    case 401:
    case 403:
      return 'model_auth';
    case 402:
      return 'model_billing';
    case 404:
      return 'model_unknown';
    case 413:
      return 'model_request_too_large';
    case 408:
      return 'model_timeout';
    case 429:
      return 'model_rate_limited';
    case 529:
      return 'model_overloaded';
    default:
      return 'model_unavailable';
  }
}

function failure(code: FailureCode, thrown: unknown, model: string): Failure {
  const api = thrown instanceof APIError ? thrown : undefined;
  const message = (api?.apiMessage ?? messageOf(thrown)).slice(0, 500);
  return createFailure(code, message, {
    retryAfterMs: api?.headers ? retryAfterMs(api.headers) : undefined,
    detail: {
      model,
      ...(api?.requestID ? { request_id: api.requestID } : {}),
      ...(api?.status ? { http_status: api.status } : {}),
    },
  });
}

/** `retry-after-ms`, or `retry-after` as seconds or as a date. Nonsense and the past count as absent. */
function retryAfterMs(headers: Headers): number | undefined {
  const exact = Number(headers.get('retry-after-ms') ?? Number.NaN);
  if (exact > 0) return exact;
  const text = headers.get('retry-after');
  if (!text) return undefined;
  const seconds = Number(text);
  const ms = Number.isNaN(seconds) ? Date.parse(text) - Date.now() : seconds * 1_000;
  return ms > 0 ? ms : undefined;
}
