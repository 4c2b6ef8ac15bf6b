/** The API refused a request: a problem body of RFC 9457, or whatever stood in its place. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  /** Of the problem body; `http_<status>` when there was none. */
  readonly code: string;
  /** In words for a person. */
  readonly detail: string;

  constructor(request: string, status: number, code: string, detail: string) {
    super(`${request}: ${status} ${detail} (${code})`);
    this.status = status;
    this.code = code;
    this.detail = detail;
  }
}

/** The API could not be reached within the time given for it. */
export class ApiUnreachableError extends Error {
  override readonly name = 'ApiUnreachableError';
}
