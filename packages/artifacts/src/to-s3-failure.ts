import { type FailureCode, FailureError, failWith, type JsonObject } from '@nightshift/domain';

/** A transfer that was damaged or too slow: the same request may well succeed. */
const TRANSFER_CODES: ReadonlySet<string> = new Set([
  'BadDigest',
  'IncompleteBody',
  'RequestTimeout',
  'XAmzContentSHA256Mismatch',
  // The SDK learns the server's clock from the refusal and signs the next try with it.
  'RequestTimeTooSkewed',
]);

/** The set-up is wrong; no try of ours will change that. */
const SETUP_CODES: ReadonlySet<string> = new Set([
  'AccessDenied',
  'CredentialsProviderError',
  'InvalidAccessKeyId',
  'NoSuchBucket',
  'SignatureDoesNotMatch',
]);

/**
 * Converts anything a call to S3 threw into a FailureError; a FailureError passes as it is. Its text names the
 * operation and S3's error code, never the endpoint or S3's own message: it is shown to tenants. The original is the
 * `cause`. `detail.s3_code` is what callers compare (`hasS3Code`).
 */
export function toS3Failure(thrown: unknown, operation: string): FailureError {
  if (thrown instanceof FailureError) return thrown;
  const { name, status, requestId } = describe(thrown);
  const { code, retryable, message } = classify(name, status, operation);
  const detail: JsonObject = { operation, s3_code: name };
  if (status !== undefined) detail.http_status = status;
  if (requestId !== undefined) detail.s3_request_id = requestId;
  return failWith(code, message, { retryable, detail, cause: thrown });
}

/** Whether the failure is S3's answer with one of these error codes. */
export function hasS3Code(failure: FailureError, ...codes: readonly string[]): boolean {
  const code = failure.failure.detail?.s3_code;
  return typeof code === 'string' && codes.includes(code);
}

interface Verdict {
  code: FailureCode;
  retryable: boolean;
  message: string;
}

function classify(name: string, status: number | undefined, operation: string): Verdict {
  if (SETUP_CODES.has(name) || status === 401 || status === 403) {
    if (!TRANSFER_CODES.has(name)) {
      return {
        code: 'storage_unavailable',
        retryable: false,
        message: `S3 does not let us in: ${operation}, ${name}.`,
      };
    }
  }
  if (status === undefined || status >= 500 || status === 429 || status === 408 || TRANSFER_CODES.has(name)) {
    return { code: 'storage_unavailable', retryable: true, message: `S3 did not carry out ${operation}: ${name}.` };
  }
  switch (status) {
    case 404:
      if (name === 'NoSuchUpload') break;
      return { code: 'not_found', retryable: false, message: 'The object is not in S3.' };
    case 409:
      return { code: 'artifact_upload_failed', retryable: true, message: `Another write was under way: ${name}.` };
    case 416:
      return { code: 'range_not_satisfiable', retryable: false, message: 'The range is outside of the object.' };
  }
  const retryable = name === 'NoSuchUpload' || name === 'InvalidPart';
  return { code: 'artifact_upload_failed', retryable, message: `S3 refused ${operation}: ${name}.` };
}

/** Reads the few fields of SDK, socket and timeout errors; none of them is sure to be there. */
function describe(thrown: unknown): { name: string; status: number | undefined; requestId: string | undefined } {
  const error = toRecord(thrown);
  const metadata = toRecord(error.$metadata);
  const status = typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined;
  const requestId = typeof metadata.requestId === 'string' ? metadata.requestId : undefined;
  // Socket errors are all named `Error`; their code says what happened. Answers are named after S3's code.
  const socketCode = typeof error.code === 'string' && status === undefined ? error.code : undefined;
  const name = socketCode ?? (typeof error.name === 'string' ? error.name : 'UnknownError');
  return { name, status, requestId };
}

function toRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value, name: readName(value) } : {};
}

/** `name` is on the prototype of most errors, which a spread leaves out. */
function readName(value: object): unknown {
  return 'name' in value ? value.name : undefined;
}
