import { encodeAwsUri } from './aws-uri-encode.ts';

export interface CanonicalRequestInput {
  method: string;
  /** The path exactly as it came over the wire. S3 signs it once-encoded, so decoding it here would lose `//` and `..`. */
  rawPath: string;
  query: readonly (readonly [string, string])[];
  headers: ReadonlyMap<string, string>;
  /** Lower-case names in the order the client gave. */
  signedHeaders: readonly string[];
  payloadHash: string;
}

/** The text SigV4 hashes ("Create a canonical request", S3 API reference). `X-Amz-Signature` itself is left out. */
export function toCanonicalRequest(input: CanonicalRequestInput): string {
  const query = input.query
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [encodeAwsUri(name), encodeAwsUri(value)] as const)
    .sort(([nameA, valueA], [nameB, valueB]) => compareText(nameA, nameB) || compareText(valueA, valueB))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
  const headers = input.signedHeaders
    .map((name) => `${name}:${(input.headers.get(name) ?? '').trim().replace(/\s+/g, ' ')}\n`)
    .join('');
  return [input.method, input.rawPath, query, headers, input.signedHeaders.join(';'), input.payloadHash].join('\n');
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
