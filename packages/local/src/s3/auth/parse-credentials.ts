import { S3Error } from '../s3-error.ts';
import type { CredentialScope } from './signing-key.ts';

const MAX_EXPIRES_S = 604_800;

/** What a request says about who signed it, before anything is believed. */
export interface Credentials {
  kind: 'header' | 'presigned';
  accessKeyId: string;
  scope: CredentialScope;
  signedHeaders: readonly string[];
  signature: string;
  /** `yyyymmddThhmmssZ` */
  amzDate: string;
  signedAtMs: number;
  /** Only of a presigned request. */
  expiresS: number | null;
}

export interface CredentialSource {
  headers: ReadonlyMap<string, string>;
  query: readonly (readonly [string, string])[];
}

/**
 * Reads the SigV4 credentials of a request, from its `Authorization` header or from its query.
 * @throws S3Error `AccessDenied` for an anonymous request, a `Malformed` code for one that cannot be read
 */
export function parseCredentials(source: CredentialSource): Credentials {
  const authorization = source.headers.get('authorization');
  const presigned = new Map(source.query.filter(([name]) => name.startsWith('X-Amz-')));
  if (authorization !== undefined) return parseHeader(authorization, source.headers);
  if (presigned.has('X-Amz-Signature') || presigned.has('X-Amz-Algorithm')) return parseQuery(presigned);
  throw new S3Error('AccessDenied');
}

function parseHeader(authorization: string, headers: ReadonlyMap<string, string>): Credentials {
  const match = /^AWS4-HMAC-SHA256\s+Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]+)\s*$/.exec(
    authorization,
  );
  const [, credential, signedHeaders, signature] = match ?? [];
  if (credential === undefined || signedHeaders === undefined || signature === undefined) {
    throw new S3Error('AuthorizationHeaderMalformed');
  }
  const amzDate = headers.get('x-amz-date') ?? toAmzDate(headers.get('date'));
  const signedAtMs = parseAmzDate(amzDate);
  if (amzDate === undefined || signedAtMs === null) {
    throw new S3Error('AccessDenied', { message: 'AWS authentication requires a valid Date or x-amz-date header' });
  }
  const parsed = parseCredential(credential);
  if (parsed === null) throw new S3Error('AuthorizationHeaderMalformed');
  return {
    kind: 'header',
    ...parsed,
    signedHeaders: signedHeaders.split(';'),
    signature,
    amzDate,
    signedAtMs,
    expiresS: null,
  };
}

function parseQuery(query: ReadonlyMap<string, string>): Credentials {
  const amzDate = query.get('X-Amz-Date');
  const signedAtMs = parseAmzDate(amzDate);
  const parsed = parseCredential(query.get('X-Amz-Credential') ?? '');
  const signature = query.get('X-Amz-Signature');
  const signedHeaders = query.get('X-Amz-SignedHeaders');
  const expires = query.get('X-Amz-Expires') ?? '';
  const expiresS = Number(expires);
  if (query.get('X-Amz-Algorithm') !== 'AWS4-HMAC-SHA256') {
    throw malformedQuery('X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"');
  }
  if (amzDate === undefined || signedAtMs === null)
    throw malformedQuery('X-Amz-Date must be in the ISO8601 basic format');
  if (parsed === null) throw malformedQuery('Error parsing the X-Amz-Credential parameter');
  if (signature === undefined || signedHeaders === undefined)
    throw malformedQuery('Query-string authentication is incomplete');
  if (!/^\d{1,7}$/.test(expires) || expiresS < 1 || expiresS > MAX_EXPIRES_S) {
    throw malformedQuery(`X-Amz-Expires must be between 1 and ${MAX_EXPIRES_S} seconds`);
  }
  return {
    kind: 'presigned',
    ...parsed,
    signedHeaders: signedHeaders.split(';'),
    signature,
    amzDate,
    signedAtMs,
    expiresS,
  };
}

function malformedQuery(message: string): S3Error {
  return new S3Error('AuthorizationQueryParametersError', { message });
}

function parseCredential(credential: string): { accessKeyId: string; scope: CredentialScope } | null {
  const match = /^(.+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request$/.exec(credential);
  const [, accessKeyId, date, region, service] = match ?? [];
  if (accessKeyId === undefined || date === undefined || region === undefined || service === undefined) return null;
  return { accessKeyId, scope: { date, region, service } };
}

function parseAmzDate(amzDate: string | undefined): number | null {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(amzDate ?? '');
  if (match === null) return null;
  const [, year, month, day, hour, minute, second] = match;
  const parsed = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(parsed) ? null : parsed;
}

function toAmzDate(date: string | undefined): string | undefined {
  const parsed = Date.parse(date ?? '');
  return Number.isNaN(parsed) ? undefined : new Date(parsed).toISOString().replace(/[-:]|\.\d{3}/g, '');
}
