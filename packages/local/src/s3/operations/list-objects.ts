import { encodeAwsUri } from '../auth/aws-uri-encode.ts';
import { quoteEtag } from '../http/object-headers.ts';
import { replyXml, type S3Reply } from '../http/s3-reply.ts';
import { bucketOf, countOf, type S3Request } from '../http/s3-request.ts';
import type { S3Context } from '../s3-context.ts';
import { S3Error } from '../s3-error.ts';
import type { ObjectRecord } from '../storage/object-record.ts';
import { type ListItem, listPage } from './list-page.ts';

const MAX_KEYS = 1000;

/** `GET /bucket?list-type=2` */
export async function listObjectsV2({ storage }: S3Context, request: S3Request): Promise<S3Reply> {
  const bucket = storage.get(bucketOf(request));
  const { query } = request;
  const maxKeys = countOf(request, 'max-keys', { min: 0, max: MAX_KEYS, fallback: MAX_KEYS });
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const startAfter = query.get('start-after');
  const token = query.get('continuation-token');
  const encode = readEncoding(query.get('encoding-type'));
  const page = listPage(bucket.keys, { prefix, delimiter, after: readStart(token, startAfter), maxItems: maxKeys });
  // Asking for no keys at all is answered with none and nothing to follow.
  const lastItem = maxKeys === 0 ? null : page.lastItem;
  const withOwner = query.get('fetch-owner') === 'true';
  return replyXml('ListBucketResult', {
    Name: bucket.name,
    Prefix: encode(prefix),
    Delimiter: delimiter === '' ? undefined : encode(delimiter),
    StartAfter: startAfter === undefined ? undefined : encode(startAfter),
    ContinuationToken: token,
    NextContinuationToken: lastItem === null ? undefined : writeToken(lastItem),
    EncodingType: query.get('encoding-type'),
    MaxKeys: maxKeys,
    KeyCount: page.items.length,
    IsTruncated: lastItem !== null,
    Contents: page.items.flatMap((item) =>
      item.kind === 'key' ? [toContents(bucket.get(item.key), encode, withOwner)] : [],
    ),
    CommonPrefixes: page.items.flatMap((item) => (item.kind === 'prefix' ? [{ Prefix: encode(item.prefix) }] : [])),
  });
}

function toContents(record: ObjectRecord, encode: (text: string) => string, withOwner: boolean) {
  return {
    Key: encode(record.key),
    LastModified: new Date(record.lastModifiedMs).toISOString(),
    ETag: quoteEtag(record.etag),
    ChecksumAlgorithm: record.checksum?.algorithm,
    ChecksumType: record.checksum?.type,
    Size: record.sizeBytes,
    StorageClass: 'STANDARD',
    ...(withOwner ? { Owner: { ID: 'local', DisplayName: 'local' } } : {}),
  };
}

function readEncoding(type: string | undefined): (text: string) => string {
  if (type === undefined) return (text) => text;
  // S3 leaves the slashes of an encoded key alone.
  if (type === 'url') return (text) => encodeAwsUri(text).replaceAll('%2F', '/');
  throw new S3Error('InvalidArgument', { message: 'Invalid Encoding Method specified in Request' });
}

/** The token names the last item, so that a page continues rightly after keys were added or deleted in between. */
function writeToken(item: ListItem): string {
  return Buffer.from(item.kind === 'key' ? `k${item.key}` : `p${item.prefix}`).toString('base64url');
}

function readStart(token: string | undefined, startAfter: string | undefined): ListItem | null {
  if (token === undefined) return startAfter === undefined ? null : { kind: 'key', key: startAfter };
  const text = Buffer.from(token, 'base64url').toString();
  if (text.startsWith('k')) return { kind: 'key', key: text.slice(1) };
  if (text.startsWith('p')) return { kind: 'prefix', prefix: text.slice(1) };
  throw new S3Error('InvalidArgument', { message: 'The continuation token provided is incorrect' });
}
