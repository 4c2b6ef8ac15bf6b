import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { S3Error } from '../s3-error.ts';

const MAX_KEY_BYTES = 1024;

/** What a request line and its headers say, decoded once, with the raw path kept for the signature. */
export interface RequestTarget {
  method: string;
  /** As it came over the wire, without the query. */
  rawPath: string;
  bucket: string | null;
  key: string | null;
  /** In the order sent; a name may come twice. */
  queryPairs: readonly (readonly [string, string])[];
  query: ReadonlyMap<string, string>;
  /** Lower-case names; repeated headers joined by a comma, as the signature wants them. */
  headers: ReadonlyMap<string, string>;
}

/**
 * Reads path-style addresses, `/bucket/key`. The path is never normalised: `a//b` and `../x` are keys like any other.
 * @throws S3Error `InvalidURI` for a broken percent-encoding, `KeyTooLongError`
 */
export function parseRequestTarget(message: Pick<IncomingMessage, 'method' | 'url' | 'rawHeaders'>): RequestTarget {
  const url = message.url ?? '/';
  const mark = url.indexOf('?');
  const rawPath = mark === -1 ? url : url.slice(0, mark);
  const queryPairs = mark === -1 ? [] : parseQuery(url.slice(mark + 1));
  if (!rawPath.startsWith('/')) throw new S3Error('InvalidURI');
  const slash = rawPath.indexOf('/', 1);
  const bucket = decode(slash === -1 ? rawPath.slice(1) : rawPath.slice(1, slash));
  const key = slash === -1 ? '' : decode(rawPath.slice(slash + 1));
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) {
    throw new S3Error('KeyTooLongError', {
      fields: { Size: String(Buffer.byteLength(key)), MaxSizeAllowed: String(MAX_KEY_BYTES) },
    });
  }
  return {
    method: message.method ?? 'GET',
    rawPath,
    bucket: bucket === '' ? null : bucket,
    key: key === '' ? null : key,
    queryPairs,
    query: new Map(queryPairs),
    headers: joinHeaders(message.rawHeaders),
  };
}

function parseQuery(text: string): [string, string][] {
  return text
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const equals = pair.indexOf('=');
      const name = equals === -1 ? pair : pair.slice(0, equals);
      return [decode(name), equals === -1 ? '' : decode(pair.slice(equals + 1))];
    });
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    if (cause instanceof URIError) throw new S3Error('InvalidURI');
    throw cause;
  }
}

function joinHeaders(rawHeaders: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? '').toLowerCase();
    const value = decodeHeaderText(rawHeaders[i + 1] ?? '');
    const earlier = headers.get(name);
    headers.set(name, earlier === undefined ? value : `${earlier},${value}`);
  }
  return headers;
}

/**
 * Node reads header bytes as Latin-1, but a client sends its text as UTF-8 or as Latin-1, depending on how it writes the
 * body, and signs it as UTF-8 in both cases. The text that was meant is the UTF-8 reading where there is one.
 */
function decodeHeaderText(value: string): string {
  const bytes = Buffer.from(value, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : value;
}
