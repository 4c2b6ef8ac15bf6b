import { toChecksumElement } from '../body/checksum.ts';
import { quoteEtag } from '../http/object-headers.ts';
import { replyXml, type S3Reply } from '../http/s3-reply.ts';
import { bucketOf, countOf, keyOf, type S3Request } from '../http/s3-request.ts';
import type { S3Context } from '../s3-context.ts';
import { S3Error } from '../s3-error.ts';
import type { UploadRecord } from '../storage/upload-record.ts';

const MAX_ITEMS = 1000;
const OWNER = { ID: 'local', DisplayName: 'local' };

/** `GET /bucket?uploads`: by key, then by the time of their start. */
export async function listMultipartUploads({ storage }: S3Context, request: S3Request): Promise<S3Reply> {
  const bucket = storage.get(bucketOf(request));
  const { query } = request;
  if (query.has('delimiter')) throw new S3Error('NotImplemented', { message: 'A delimiter is not implemented here.' });
  const maxUploads = countOf(request, 'max-uploads', { min: 1, max: MAX_ITEMS, fallback: MAX_ITEMS });
  const prefix = query.get('prefix') ?? '';
  const keyMarker = query.get('key-marker') ?? '';
  const uploadIdMarker = query.get('upload-id-marker') ?? '';
  const all = [...bucket.uploads.values()]
    .map(({ record }) => record)
    .filter(({ key }) => key.startsWith(prefix))
    .sort(compareUploads);
  const rest = all.slice(findStart(all, keyMarker, uploadIdMarker));
  const page = rest.slice(0, maxUploads);
  const last = rest.length > page.length ? page.at(-1) : undefined;
  return replyXml('ListMultipartUploadsResult', {
    Bucket: bucket.name,
    Prefix: prefix,
    KeyMarker: keyMarker,
    UploadIdMarker: uploadIdMarker,
    NextKeyMarker: last?.key,
    NextUploadIdMarker: last?.id,
    MaxUploads: maxUploads,
    IsTruncated: last !== undefined,
    Upload: page.map((upload) => ({
      Key: upload.key,
      UploadId: upload.id,
      Initiator: OWNER,
      Owner: OWNER,
      StorageClass: 'STANDARD',
      Initiated: new Date(upload.initiatedMs).toISOString(),
      ChecksumAlgorithm: upload.checksum?.algorithm,
      ChecksumType: upload.checksum?.type,
    })),
  });
}

function compareUploads(a: UploadRecord, b: UploadRecord): number {
  return (
    Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)) || a.initiatedMs - b.initiatedMs || (a.id < b.id ? -1 : 1)
  );
}

/** With an upload as marker the page starts behind it; with a key alone, or when that upload is gone, behind the key. */
function findStart(sorted: readonly UploadRecord[], keyMarker: string, uploadIdMarker: string): number {
  if (keyMarker === '') return 0;
  const marked = sorted.findIndex(({ key, id }) => key === keyMarker && id === uploadIdMarker);
  if (marked !== -1) return marked + 1;
  const bytes = Buffer.from(keyMarker);
  const next = sorted.findIndex(({ key }) => Buffer.compare(Buffer.from(key), bytes) > 0);
  return next === -1 ? sorted.length : next;
}

/** `GET /bucket/key?uploadId` */
export async function listParts({ storage }: S3Context, request: S3Request): Promise<S3Reply> {
  const bucket = storage.get(bucketOf(request));
  const { record, parts } = bucket.getUpload(keyOf(request), request.query.get('uploadId') ?? '');
  const maxParts = countOf(request, 'max-parts', { min: 1, max: MAX_ITEMS, fallback: MAX_ITEMS });
  const marker = countOf(request, 'part-number-marker', { min: 0, max: Number.MAX_SAFE_INTEGER, fallback: 0 });
  const rest = [...parts.values()]
    .filter(({ partNumber }) => partNumber > marker)
    .sort((a, b) => a.partNumber - b.partNumber);
  const page = rest.slice(0, maxParts);
  const isTruncated = rest.length > page.length;
  return replyXml('ListPartsResult', {
    Bucket: bucket.name,
    Key: record.key,
    UploadId: record.id,
    Initiator: OWNER,
    Owner: OWNER,
    StorageClass: 'STANDARD',
    PartNumberMarker: marker,
    NextPartNumberMarker: isTruncated ? page.at(-1)?.partNumber : undefined,
    MaxParts: maxParts,
    IsTruncated: isTruncated,
    ChecksumAlgorithm: record.checksum?.algorithm,
    ChecksumType: record.checksum?.type,
    Part: page.map((part) => ({
      PartNumber: part.partNumber,
      LastModified: new Date(part.lastModifiedMs).toISOString(),
      ETag: quoteEtag(part.etag),
      Size: part.sizeBytes,
      ...(part.checksum && { [toChecksumElement(part.checksum.algorithm)]: part.checksum.value }),
    })),
  });
}
