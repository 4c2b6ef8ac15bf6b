import { createHash } from 'node:crypto';
import {
  type Checksum,
  combineChecksums,
  createChecksumHasher,
  toChecksumElement,
  toChecksumHeader,
} from '../body/checksum.ts';
import { checkWrite } from '../http/conditions.ts';
import { quoteEtag } from '../http/object-headers.ts';
import { replyXml, type S3Reply } from '../http/s3-reply.ts';
import { bucketOf, keyOf, type S3Request } from '../http/s3-request.ts';
import type { S3Context } from '../s3-context.ts';
import { S3Error } from '../s3-error.ts';
import type { Bucket } from '../storage/bucket.ts';
import type { ObjectRecord } from '../storage/object-record.ts';
import { readSegments } from '../storage/read-segments.ts';
import type { PartRecord, Upload } from '../storage/upload-record.ts';
import { MAX_DOCUMENT_BYTES } from '../xml/max-document-bytes.ts';
import { parseXml } from '../xml/parse-xml.ts';
import { type ListedPart, parseListedPart } from './listed-part.ts';

/** Every part but the last has at least this size, in S3 and therefore here. */
const MIN_PART_BYTES = 5 * 1024 * 1024;

/** `POST /bucket/key?uploadId`: the parts listed become the object, in one rename; the other parts are deleted. */
export async function completeMultipartUpload({ storage, nowMs }: S3Context, request: S3Request): Promise<S3Reply> {
  const bucket = storage.get(bucketOf(request));
  const key = keyOf(request);
  const uploadId = request.query.get('uploadId') ?? '';
  bucket.getUpload(key, uploadId);
  const text = await request.payload.readText(MAX_DOCUMENT_BYTES, { isChecksumOfBody: false });
  const document = parseXml(text, 'CompleteMultipartUpload');
  const listed = document.children('Part').map(parseListedPart);
  if (listed.length === 0) throw new S3Error('MalformedXML');

  const record = await bucket.lock.run(key, async () => {
    const upload = bucket.getUpload(key, uploadId);
    checkWrite(request.headers, key, bucket.find(key));
    const parts = selectParts(upload, listed);
    const made = await makeRecord(bucket, upload, parts, nowMs());
    checkDeclared(request.headers, made);
    await bucket.putObject(made);
    await bucket.removeUpload(upload, made.segments);
    return made;
  });
  return replyXml('CompleteMultipartUploadResult', {
    Location: `/${bucket.name}/${key}`,
    Bucket: bucket.name,
    Key: key,
    ETag: quoteEtag(record.etag),
    ...(record.checksum && {
      [toChecksumElement(record.checksum.algorithm)]: record.checksum.value,
      ChecksumType: record.checksum.type,
    }),
  });
}

function selectParts(upload: Upload, listed: readonly ListedPart[]): PartRecord[] {
  if (listed.some((item, index) => index > 0 && (listed[index - 1]?.partNumber ?? 0) >= item.partNumber)) {
    throw new S3Error('InvalidPartOrder');
  }
  const parts = listed.map((item) => findPart(upload, item));
  const small = parts.slice(0, -1).find(({ sizeBytes }) => sizeBytes < MIN_PART_BYTES);
  if (small === undefined) return parts;
  throw new S3Error('EntityTooSmall', {
    fields: {
      ProposedSize: String(small.sizeBytes),
      MinSizeAllowed: String(MIN_PART_BYTES),
      PartNumber: String(small.partNumber),
      ETag: small.etag,
    },
  });
}

function findPart(upload: Upload, { partNumber, etag, checksums }: ListedPart): PartRecord {
  const { checksum } = upload.record;
  const part = upload.parts.get(partNumber);
  const given = checksum === null ? undefined : checksums.get(checksum.algorithm);
  if (part?.etag !== etag || (given !== undefined && given !== part.checksum?.value)) {
    throw new S3Error('InvalidPart', {
      fields: { UploadId: upload.record.id, PartNumber: String(partNumber), ETag: etag },
    });
  }
  if (checksum?.type === 'COMPOSITE' && given === undefined) {
    const algorithm = checksum.algorithm.toLowerCase();
    throw new S3Error('InvalidRequest', {
      message: `The upload was created using a ${algorithm} checksum. The complete request must include the checksum for each part. It was missing for part ${partNumber} in the request.`,
    });
  }
  return part;
}

async function makeRecord(
  bucket: Bucket,
  upload: Upload,
  parts: readonly PartRecord[],
  nowMs: number,
): Promise<ObjectRecord> {
  const md5 = createHash('md5');
  for (const part of parts) md5.update(part.etag, 'hex');
  const { key, headers, metadata } = upload.record;
  return {
    key,
    sizeBytes: parts.reduce((sum, part) => sum + part.sizeBytes, 0),
    etag: `${md5.digest('hex')}-${parts.length}`,
    lastModifiedMs: nowMs,
    headers,
    metadata,
    checksum: await makeChecksum(bucket, upload, parts),
    segments: parts.map(({ file, sizeBytes }) => ({ file, sizeBytes })),
  };
}

async function makeChecksum(bucket: Bucket, upload: Upload, parts: readonly PartRecord[]): Promise<Checksum | null> {
  const { checksum } = upload.record;
  if (checksum === null) return null;
  const { algorithm, type } = checksum;
  switch (type) {
    case 'COMPOSITE':
      return combineChecksums(
        algorithm,
        parts.map((part) => part.checksum?.value ?? ''),
      );
    case 'FULL_OBJECT': {
      const hasher = createChecksumHasher(algorithm);
      for await (const chunk of readSegments(bucket.files, parts, { start: 0, end: Number.MAX_SAFE_INTEGER })) {
        hasher.update(chunk);
      }
      return { algorithm, type, value: hasher.digest().toString('base64') };
    }
  }
}

/** What the client says the whole must be. */
function checkDeclared(headers: ReadonlyMap<string, string>, record: ObjectRecord): void {
  const sizeBytes = headers.get('x-amz-mp-object-size');
  if (sizeBytes !== undefined && Number(sizeBytes) !== record.sizeBytes) {
    throw new S3Error('InvalidRequest', {
      message: 'The provided x-amz-mp-object-size does not match the size of the object.',
    });
  }
  if (record.checksum === null) return;
  const { algorithm, value } = record.checksum;
  const declared = headers.get(toChecksumHeader(algorithm));
  if (declared !== undefined && declared !== value && declared !== value.replace(/-\d+$/, '')) {
    throw new S3Error('BadDigest', {
      message: `The ${algorithm} you specified did not match the calculated checksum.`,
    });
  }
}
