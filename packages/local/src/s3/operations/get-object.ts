import { allowsRange, decideRead } from '../http/conditions.ts';
import { quoteEtag, readResponseOverrides, toChecksumHeaders, toObjectHeaders } from '../http/object-headers.ts';
import { decideRange, type RangeDecision } from '../http/range.ts';
import { replyEmpty, type S3Reply } from '../http/s3-reply.ts';
import { bucketOf, keyOf, type S3Request } from '../http/s3-request.ts';
import type { S3Context } from '../s3-context.ts';
import { S3Error } from '../s3-error.ts';
import type { Bucket } from '../storage/bucket.ts';
import type { ObjectRecord } from '../storage/object-record.ts';
import { type ByteRange, readSegments } from '../storage/read-segments.ts';

/** `GET /bucket/key` */
export async function getObject({ storage }: S3Context, request: S3Request): Promise<S3Reply> {
  const bucket = storage.get(bucketOf(request));
  const record = bucket.get(keyOf(request));
  const reply = describeObject(request, record);
  if (reply.range === null) return replyEmpty(reply.status, reply.headers);
  return { status: reply.status, headers: reply.headers, ...openBody(bucket, record, reply.range) };
}

/** `HEAD /bucket/key`: the same answer without the body. */
export async function headObject({ storage }: S3Context, request: S3Request): Promise<S3Reply> {
  const record = storage.get(bucketOf(request)).get(keyOf(request));
  const { status, headers } = describeObject(request, record);
  return replyEmpty(status, headers);
}

interface Description {
  status: number;
  headers: Record<string, string>;
  /** Null when there is no body. */
  range: ByteRange | null;
}

function describeObject(request: S3Request, record: ObjectRecord): Description {
  if (decideRead(request.headers, record) === 'not_modified') {
    const { etag, 'last-modified': lastModified } = toObjectHeaders(record);
    return {
      status: 304,
      headers: { etag: etag ?? quoteEtag(record.etag), ...(lastModified && { 'last-modified': lastModified }) },
      range: null,
    };
  }
  const decision: RangeDecision = allowsRange(request.headers, record)
    ? decideRange(request.headers.get('range'), record.sizeBytes)
    : { kind: 'whole' };
  const headers = { ...toObjectHeaders(record), ...readResponseOverrides(request.query) };
  switch (decision.kind) {
    case 'unsatisfiable':
      throw new S3Error('InvalidRange', {
        fields: { RangeRequested: request.headers.get('range') ?? '', ActualObjectSize: String(record.sizeBytes) },
        headers: { 'content-range': `bytes */${record.sizeBytes}` },
      });
    case 'part': {
      const { start, end } = decision.range;
      return {
        status: 206,
        headers: {
          ...headers,
          'content-length': String(end - start + 1),
          'content-range': `bytes ${start}-${end}/${record.sizeBytes}`,
        },
        range: decision.range,
      };
    }
    case 'whole': {
      const isChecksumAsked = request.headers.get('x-amz-checksum-mode')?.toUpperCase() === 'ENABLED';
      return {
        status: 200,
        headers: {
          ...headers,
          'content-length': String(record.sizeBytes),
          ...(isChecksumAsked ? toChecksumHeaders(record) : {}),
        },
        range: { start: 0, end: record.sizeBytes - 1 },
      };
    }
  }
}

/** Pins the files at once, in the same turn in which the record was found, so that no delete can come between. */
function openBody(bucket: Bucket, record: ObjectRecord, range: ByteRange): Pick<S3Reply, 'body' | 'release'> {
  const release = bucket.files.pin(record.segments);
  return { body: { kind: 'stream', chunks: readSegments(bucket.files, record.segments, range) }, release };
}
