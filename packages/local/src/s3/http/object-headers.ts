import { validateHeaderValue } from 'node:http';
import { toChecksumHeader } from '../body/checksum.ts';
import { S3Error } from '../s3-error.ts';
import type { ObjectAttributes, ObjectRecord } from '../storage/object-record.ts';

const STORED_HEADERS = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
];
const METADATA_PREFIX = 'x-amz-meta-';
/** S3's limit on the names and values of user metadata together. */
const MAX_METADATA_BYTES = 2048;
const DEFAULT_CONTENT_TYPE = 'binary/octet-stream';

/** Headers whose meaning would be lost if they were only ignored. */
const REFUSED_HEADERS = [
  'x-amz-object-lock-mode',
  'x-amz-object-lock-legal-hold',
  'x-amz-server-side-encryption-customer-algorithm',
  'x-amz-server-side-encryption-customer-key',
  'x-amz-tagging',
  'x-amz-website-redirect-location',
  'x-amz-write-offset-bytes',
];

/** What a put says about its object. @throws S3Error `MetadataTooLarge`, `NotImplemented` */
export function parseObjectAttributes(headers: ReadonlyMap<string, string>): ObjectAttributes {
  const refused = REFUSED_HEADERS.find((name) => headers.has(name));
  if (refused !== undefined) {
    throw new S3Error('NotImplemented', { fields: { Header: refused } });
  }
  const stored: Record<string, string> = { 'content-type': DEFAULT_CONTENT_TYPE };
  for (const name of STORED_HEADERS) {
    const value = name === 'content-encoding' ? stripAwsChunked(headers.get(name)) : headers.get(name);
    if (value !== undefined && value !== '') stored[name] = value;
  }
  const metadata = Object.fromEntries(
    [...headers]
      .filter(([name]) => name.startsWith(METADATA_PREFIX))
      .map(([name, value]) => [name.slice(METADATA_PREFIX.length), value]),
  );
  const metadataBytes = Object.entries(metadata).reduce((sum, pair) => sum + Buffer.byteLength(pair.join('')), 0);
  if (metadataBytes > MAX_METADATA_BYTES) {
    throw new S3Error('MetadataTooLarge', {
      fields: { Size: String(metadataBytes), MaxSizeAllowed: String(MAX_METADATA_BYTES) },
    });
  }
  return { headers: stored, metadata };
}

/** `aws-chunked` is the framing of the upload, not an encoding of the object. */
function stripAwsChunked(contentEncoding: string | undefined): string | undefined {
  return contentEncoding
    ?.split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '' && item !== 'aws-chunked')
    .join(',');
}

/** The headers of GET and HEAD but for length and range. */
export function toObjectHeaders(record: ObjectRecord): Record<string, string> {
  const headers = Object.entries(record.headers).map(([name, value]) => [name, toWireText(value)]);
  const metadata = Object.entries(record.metadata).map(([name, value]) => [METADATA_PREFIX + name, toWord(value)]);
  return {
    ...Object.fromEntries([...headers, ...metadata]),
    etag: quoteEtag(record.etag),
    'last-modified': new Date(record.lastModifiedMs).toUTCString(),
    'accept-ranges': 'bytes',
  };
}

/** Node writes header text as Latin-1; this makes the bytes those of UTF-8, as they came. */
function toWireText(value: string): string {
  return Buffer.from(value, 'utf8').toString('latin1');
}

/** S3 returns metadata that is not ASCII as an encoded word of RFC 2047 ("Working with object metadata", S3 user guide). */
function toWord(value: string): string {
  return /^[\x20-\x7e]*$/.test(value) ? value : `=?UTF-8?B?${Buffer.from(value, 'utf8').toString('base64')}?=`;
}

/** `response-content-type` and its like, with which a presigned URL decides what a browser makes of the object. */
export function readResponseOverrides(query: ReadonlyMap<string, string>): Record<string, string> {
  const overrides: Record<string, string> = {};
  for (const name of STORED_HEADERS) {
    const value = query.get(`response-${name}`);
    if (value === undefined) continue;
    try {
      validateHeaderValue(name, value);
    } catch {
      throw new S3Error('InvalidArgument', { fields: { ArgumentName: `response-${name}` } });
    }
    overrides[name] = value;
  }
  return overrides;
}

/** The checksum of an object, which S3 tells only to who asks, and never with a range. */
export function toChecksumHeaders(record: Pick<ObjectRecord, 'checksum'>): Record<string, string> {
  const { checksum } = record;
  if (checksum === null) return {};
  return { [toChecksumHeader(checksum.algorithm)]: checksum.value, 'x-amz-checksum-type': checksum.type };
}

export function quoteEtag(etag: string): string {
  return `"${etag}"`;
}
