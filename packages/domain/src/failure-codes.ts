/** Where a failure comes from: it decides who has to act. */
export type FailureOrigin = 'client' | 'model' | 'tool' | 'storage' | 'runtime';

export interface FailureCodeRow {
  /** Short and the same for every occurrence (RFC 9457 `title`). */
  title: string;
  /** HTTP status when the failure is answered to a request. */
  status: number;
  retryable: boolean;
  origin: FailureOrigin;
  /** Counts against the breaker of what failed; a 429 never does (it feeds the limiter). */
  tripsBreaker: boolean;
}

function row(
  title: string,
  status: number,
  origin: FailureOrigin,
  is: { retryable?: true; tripsBreaker?: true } = {},
): FailureCodeRow {
  return { title, status, origin, retryable: is.retryable === true, tripsBreaker: is.tripsBreaker === true };
}

const RETRY = { retryable: true } as const;
const OUTAGE = { retryable: true, tripsBreaker: true } as const;

/** Every failure code there is (API.md 4): one table for problem bodies, task failures, events and dead letters. */
export const FAILURE_CODES = {
  invalid_request: row('The request is not valid', 400, 'client'),
  malformed_json: row('The body is not valid JSON', 400, 'client'),
  malformed_cursor: row('The cursor is not an event id', 400, 'client'),
  cursor_ahead: row('The cursor is ahead of the log', 400, 'client'),
  unauthorized: row('A valid API key is required', 401, 'client'),
  forbidden: row('The key does not have the scope for this', 403, 'client'),
  not_found: row('There is no such resource', 404, 'client'),
  method_not_allowed: row('The method is not supported here', 405, 'client'),
  not_acceptable: row('No representation that was asked for', 406, 'client'),
  conflict: row('The resource is not in a state that allows this', 409, 'client'),
  idempotency_in_flight: row('The first request with this key is still being handled', 409, 'client', RETRY),
  idempotency_key_reused: row('This idempotency key was used with another body', 422, 'client'),
  payload_too_large: row('The body is too large', 413, 'client'),
  unsupported_media_type: row('The content type is not supported', 415, 'client'),
  range_not_satisfiable: row('The range is outside of the content', 416, 'client'),
  rate_limited: row('Too many requests', 429, 'client', RETRY),
  internal: row('Something went wrong on our side', 500, 'runtime', RETRY),
  unavailable: row('The service cannot answer right now', 503, 'runtime', RETRY),

  model_rate_limited: row('The model provider limits the rate', 429, 'model', RETRY),
  model_overloaded: row('The model provider is overloaded', 529, 'model', OUTAGE),
  model_unavailable: row('The model provider could not be reached or failed', 502, 'model', OUTAGE),
  model_stream_cut: row('The reply of the model ended in the middle', 502, 'model', OUTAGE),
  model_stalled: row('The model stopped sending', 504, 'model', OUTAGE),
  model_timeout: row('The model took too long', 504, 'model', OUTAGE),
  model_bad_reply: row('The reply of the model cannot be used', 502, 'model', RETRY),
  model_breaker_open: row('Calls to the model are paused after repeated failures', 503, 'model', RETRY),
  model_invalid_request: row('The model provider refused the request', 400, 'model'),
  model_request_too_large: row('The conversation does not fit the model', 413, 'model'),
  model_auth: row('The model provider refused the credentials', 401, 'model'),
  model_billing: row('The model provider stopped for billing or a spend limit', 402, 'model'),
  model_unknown: row('The model provider does not know the model', 404, 'model'),

  tool_failed: row('The tool failed', 502, 'tool', OUTAGE),
  tool_timeout: row('The tool took too long', 504, 'tool', OUTAGE),
  tool_rate_limited: row('The service behind the tool limits the rate', 429, 'tool', RETRY),
  tool_rejected: row('The tool refused the input', 422, 'tool'),
  tool_fatal: row('The tool says that the task cannot go on', 422, 'tool'),
  tool_invalid_input: row('The input of the tool call does not match its schema', 422, 'tool'),
  tool_not_granted: row('The task may not use this tool', 403, 'tool'),
  tool_unknown: row('There is no such tool', 404, 'tool'),
  tool_bad_output: row('The tool returned something that cannot be stored', 502, 'tool'),
  tool_breaker_open: row('Calls of the tool are paused after repeated failures', 503, 'tool', RETRY),
  tool_outcome_unknown: row('The worker died during the call; whether it happened is unknown', 500, 'tool'),

  document_encrypted: row('The document is protected by a password', 422, 'client'),
  document_damaged: row('The document is damaged', 422, 'client'),
  document_empty: row('The document is empty', 422, 'client'),
  document_no_text_layer: row('The document has no text that can be read', 422, 'client'),
  document_unsupported: row('The kind of document is not supported', 422, 'client'),
  document_too_large: row('The document is too large', 422, 'client'),
  document_timeout: row('Reading the document took too long', 422, 'client'),

  storage_unavailable: row('The database, Redis or S3 could not be reached', 503, 'storage', RETRY),
  artifact_upload_failed: row('The artifact could not be stored', 502, 'storage', RETRY),

  agent_unknown: row('No worker knows the agent', 422, 'client'),
  agent_input_invalid: row('The input does not match the schema of the agent', 422, 'client'),
  agent_output_invalid: row('The answer does not match the output schema of the agent', 502, 'model'),
  agent_failed: row('The agent code threw', 500, 'runtime', RETRY),
  journal_version_mismatch: row('The journal was written by an incompatible agent version', 409, 'runtime'),
  budget_exhausted: row('A limit of the task is used up', 422, 'client'),
  context_exhausted: row('The conversation cannot be made to fit the model', 422, 'model'),
  deadline_exceeded: row('The deadline of the task has passed', 504, 'client'),
  poison: row('Workers died again and again while running the task', 500, 'runtime'),
} as const satisfies Record<string, FailureCodeRow>;

export type FailureCode = keyof typeof FAILURE_CODES;

export function isFailureCode(text: string): text is FailureCode {
  return Object.hasOwn(FAILURE_CODES, text);
}
