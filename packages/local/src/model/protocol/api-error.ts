/** HTTP status of every documented error type of the Messages API. */
export const ERROR_STATUS = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  api_error: 500,
  timeout_error: 504,
  overloaded_error: 529,
} as const;

export type ApiErrorType = keyof typeof ERROR_STATUS;

/** An error this server answers with. `status` follows from `type` unless a script says otherwise. */
export class ModelApiError extends Error {
  override readonly name = 'ModelApiError';
  readonly type: ApiErrorType;
  readonly status: number;

  constructor(type: ApiErrorType, message: string) {
    super(message);
    this.type = type;
    this.status = ERROR_STATUS[type];
  }
}

/** The error type a bare status stands for, for scripts that give only the status. */
export function errorTypeOf(status: number): ApiErrorType {
  const found = (Object.keys(ERROR_STATUS) as ApiErrorType[]).find((type) => ERROR_STATUS[type] === status);
  if (found !== undefined) return found;
  return status >= 500 ? 'api_error' : 'invalid_request_error';
}

/** The body of an error response, also the data of a mid-stream `event: error`. */
export function toErrorBody(type: string, message: string, requestId: string): Record<string, unknown> {
  return { type: 'error', error: { type, message }, request_id: requestId };
}
