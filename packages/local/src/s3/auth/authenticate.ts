import { S3Error } from '../s3-error.ts';
import { toCanonicalRequest } from './canonical-request.ts';
import { type Credentials, parseCredentials } from './parse-credentials.ts';
import { type PayloadSigning, parsePayloadSigning } from './payload-signing.ts';
import { deriveSigningKey, formatScope, hashText, isSameSignature, signText } from './signing-key.ts';

/** S3 accepts a clock that is at most a quarter of an hour off. */
const MAX_SKEW_MS = 15 * 60 * 1000;

export interface KnownCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  region: string;
}

export interface SignedRequest {
  method: string;
  rawPath: string;
  query: readonly (readonly [string, string])[];
  headers: ReadonlyMap<string, string>;
}

/**
 * Verifies the SigV4 signature of a request, in its header or in its query, and says how its body is protected.
 * @throws S3Error `AccessDenied`, `InvalidAccessKeyId`, `SignatureDoesNotMatch`, `RequestTimeTooSkewed` and the malformed codes
 */
export function authenticate(request: SignedRequest, known: KnownCredentials, nowMs: number): PayloadSigning {
  const credentials = parseCredentials(request);
  if (credentials.accessKeyId !== known.accessKeyId) {
    throw new S3Error('InvalidAccessKeyId', { fields: { AWSAccessKeyId: credentials.accessKeyId.slice(0, 128) } });
  }
  checkScope(credentials, known.region);
  checkTime(credentials, nowMs);
  checkSignedHeaders(credentials, request.headers);

  const payloadHash = readPayloadHash(credentials, request);
  const canonicalRequest = toCanonicalRequest({ ...request, signedHeaders: credentials.signedHeaders, payloadHash });
  const scope = formatScope(credentials.scope);
  const stringToSign = ['AWS4-HMAC-SHA256', credentials.amzDate, scope, hashText(canonicalRequest)].join('\n');
  const signingKey = deriveSigningKey(known.secretAccessKey, credentials.scope);
  if (!isSameSignature(signText(signingKey, stringToSign), credentials.signature)) {
    throw new S3Error('SignatureDoesNotMatch', {
      fields: {
        AWSAccessKeyId: credentials.accessKeyId,
        StringToSign: stringToSign,
        SignatureProvided: credentials.signature.slice(0, 128),
        CanonicalRequest: canonicalRequest,
      },
    });
  }
  return parsePayloadSigning(payloadHash, {
    signingKey,
    scope,
    amzDate: credentials.amzDate,
    signature: credentials.signature,
  });
}

function checkScope({ kind, scope, amzDate }: Credentials, region: string): void {
  const code = kind === 'header' ? 'AuthorizationHeaderMalformed' : 'AuthorizationQueryParametersError';
  if (scope.region !== region) {
    throw new S3Error(code, {
      message: `The region '${scope.region}' is wrong; expecting '${region}'`,
      fields: { Region: region },
    });
  }
  if (scope.service !== 's3')
    throw new S3Error(code, { message: `The service '${scope.service}' is wrong; expecting 's3'` });
  if (!amzDate.startsWith(scope.date)) {
    throw new S3Error(code, { message: `Date in Credential scope does not match '${amzDate}' from the request` });
  }
}

function checkTime({ kind, signedAtMs, expiresS }: Credentials, nowMs: number): void {
  if (kind === 'header') {
    if (Math.abs(nowMs - signedAtMs) <= MAX_SKEW_MS) return;
    throw new S3Error('RequestTimeTooSkewed', {
      fields: {
        RequestTime: new Date(signedAtMs).toISOString(),
        ServerTime: new Date(nowMs).toISOString(),
        MaxAllowedSkewMilliseconds: String(MAX_SKEW_MS),
      },
    });
  }
  const expiresAtMs = signedAtMs + (expiresS ?? 0) * 1000;
  if (signedAtMs - nowMs > MAX_SKEW_MS) throw new S3Error('AccessDenied', { message: 'Request is not valid yet' });
  if (nowMs > expiresAtMs) {
    throw new S3Error('AccessDenied', {
      message: 'Request has expired',
      fields: {
        'X-Amz-Expires': String(expiresS),
        Expires: new Date(expiresAtMs).toISOString(),
        ServerTime: new Date(nowMs).toISOString(),
      },
    });
  }
}

/** A header that changes what is done must be under the signature, else anyone on the way could add one. */
function checkSignedHeaders({ signedHeaders }: Credentials, headers: ReadonlyMap<string, string>): void {
  const unsigned = [...headers.keys()].filter(
    (name) =>
      (name === 'host' || name.startsWith('x-amz-')) &&
      name !== 'x-amz-content-sha256' &&
      !signedHeaders.includes(name),
  );
  if (unsigned.length === 0) return;
  throw new S3Error('AccessDenied', {
    message: 'There were headers present in the request which were not signed',
    fields: { HeadersNotSigned: unsigned.join(', ') },
  });
}

function readPayloadHash({ kind }: Credentials, { headers, query }: SignedRequest): string {
  const header = headers.get('x-amz-content-sha256');
  if (kind === 'presigned') {
    return query.find(([name]) => name === 'X-Amz-Content-Sha256')?.[1] ?? header ?? 'UNSIGNED-PAYLOAD';
  }
  if (header !== undefined) return header;
  throw new S3Error('InvalidRequest', { message: 'Missing required header for this request: x-amz-content-sha256' });
}
