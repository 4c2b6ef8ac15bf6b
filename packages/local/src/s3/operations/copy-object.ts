import { parseChecksumAlgorithm, toChecksumElement } from '../body/checksum.ts';
import { Payload } from '../body/payload.ts';
import { decideRead } from '../http/conditions.ts';
import { parseObjectAttributes, quoteEtag } from '../http/object-headers.ts';
import { replyXml, type S3Reply } from '../http/s3-reply.ts';
import { bucketOf, keyOf, type S3Request } from '../http/s3-request.ts';
import type { S3Context } from '../s3-context.ts';
import { S3Error } from '../s3-error.ts';
import type { Bucket } from '../storage/bucket.ts';
import type { ObjectRecord } from '../storage/object-record.ts';
import { readSegments } from '../storage/read-segments.ts';
import { storeObject } from './put-object.ts';

/** `PUT /bucket/key` with `x-amz-copy-source`. The bytes are copied, so the copy of a multipart object has a plain MD5 ETag. */
export async function copyObject({ storage, nowMs }: S3Context, request: S3Request): Promise<S3Reply> {
  const bucket = storage.get(bucketOf(request));
  const key = keyOf(request);
  const source = parseCopySource(request.headers.get('x-amz-copy-source') ?? '');
  const sourceBucket = storage.get(source.bucket);
  const sourceRecord = sourceBucket.get(source.key);
  if (decideRead(request.headers, sourceRecord, 'x-amz-copy-source-') === 'not_modified') {
    throw new S3Error('PreconditionFailed', { fields: { Condition: 'x-amz-copy-source-If-None-Match' } });
  }
  const isReplacing = readDirective(request.headers.get('x-amz-metadata-directive'));
  if (source.bucket === bucket.name && source.key === key && !isReplacing) {
    throw new S3Error('InvalidRequest', {
      message:
        "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata.",
    });
  }
  const algorithm = request.headers.get('x-amz-checksum-algorithm');
  const release = sourceBucket.files.pin(sourceRecord.segments);
  try {
    const record = await storeObject({
      bucket,
      key,
      attributes: isReplacing ? parseObjectAttributes(request.headers) : sourceRecord,
      payload: toPayload(sourceBucket, sourceRecord),
      conditions: request.headers,
      nowMs,
      fallbackAlgorithm:
        algorithm === undefined ? (sourceRecord.checksum?.algorithm ?? null) : parseChecksumAlgorithm(algorithm),
    });
    return replyXml('CopyObjectResult', {
      ETag: quoteEtag(record.etag),
      LastModified: new Date(record.lastModifiedMs).toISOString(),
      ...(record.checksum && {
        [toChecksumElement(record.checksum.algorithm)]: record.checksum.value,
        ChecksumType: record.checksum.type,
      }),
    });
  } finally {
    await release();
  }
}

function toPayload(bucket: Bucket, record: ObjectRecord): Payload {
  const range = { start: 0, end: record.sizeBytes - 1 };
  return new Payload({
    source: readSegments(bucket.files, record.segments, range),
    headers: new Map([['content-length', String(record.sizeBytes)]]),
    signing: { kind: 'unsigned' },
  });
}

/** `[/]bucket/key`, percent-encoded. */
function parseCopySource(header: string): { bucket: string; key: string } {
  const invalid = new S3Error('InvalidArgument', {
    message: 'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
    fields: { ArgumentName: 'x-amz-copy-source', ArgumentValue: header.slice(0, 1200) },
  });
  const [path = '', version] = header.replace(/^\//, '').split('?', 2);
  if (version !== undefined) throw new S3Error('NotImplemented', { message: 'Versions are not implemented.' });
  const slash = path.indexOf('/');
  if (slash < 1 || slash === path.length - 1) throw invalid;
  try {
    return { bucket: decodeURIComponent(path.slice(0, slash)), key: decodeURIComponent(path.slice(slash + 1)) };
  } catch {
    throw invalid;
  }
}

function readDirective(directive = 'COPY'): boolean {
  if (directive === 'COPY' || directive === 'REPLACE') return directive === 'REPLACE';
  throw new S3Error('InvalidArgument', { message: 'Unknown metadata directive.' });
}
