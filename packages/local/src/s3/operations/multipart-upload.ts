import { randomBytes } from 'node:crypto';
import { type ChecksumType, parseChecksumAlgorithm } from '../body/checksum.ts';
import { findDeclaredChecksum } from '../body/declared-checksum.ts';
import { parseObjectAttributes, quoteEtag, toChecksumHeaders } from '../http/object-headers.ts';
import { replyEmpty, replyXml, type S3Reply } from '../http/s3-reply.ts';
import { bucketOf, keyOf, type S3Request } from '../http/s3-request.ts';
import type { S3Context } from '../s3-context.ts';
import { S3Error } from '../s3-error.ts';
import type { UploadRecord } from '../storage/upload-record.ts';

const MAX_PART_NUMBER = 10_000;

/** `POST /bucket/key?uploads` */
export async function createMultipartUpload({ storage, nowMs }: S3Context, request: S3Request): Promise<S3Reply> {
  const bucket = storage.get(bucketOf(request));
  const key = keyOf(request);
  const id = randomBytes(32).toString('base64url');
  const checksum = readUploadChecksum(request.headers);
  const attributes = parseObjectAttributes(request.headers);
  await bucket.createUpload({ id, key, initiatedMs: nowMs(), ...attributes, checksum });
  return replyXml(
    'InitiateMultipartUploadResult',
    { Bucket: bucket.name, Key: key, UploadId: id },
    checksum === null ? {} : { 'x-amz-checksum-algorithm': checksum.algorithm, 'x-amz-checksum-type': checksum.type },
  );
}

function readUploadChecksum(headers: ReadonlyMap<string, string>): UploadRecord['checksum'] {
  const name = headers.get('x-amz-checksum-algorithm');
  const type = headers.get('x-amz-checksum-type');
  if (name === undefined) return null;
  const algorithm = parseChecksumAlgorithm(name);
  // A checksum of a whole can only be made of those of its parts when it is a CRC.
  const allowed: readonly ChecksumType[] = algorithm.startsWith('CRC') ? ['COMPOSITE', 'FULL_OBJECT'] : ['COMPOSITE'];
  const known = allowed.find((item) => item === (type ?? 'COMPOSITE'));
  if (known !== undefined) return { algorithm, type: known };
  throw new S3Error('InvalidRequest', {
    message: `The ${type} checksum type cannot be used with the ${algorithm} checksum algorithm.`,
  });
}

/** `PUT /bucket/key?partNumber&uploadId` */
export async function uploadPart({ storage, nowMs }: S3Context, request: S3Request): Promise<S3Reply> {
  const bucket = storage.get(bucketOf(request));
  const key = keyOf(request);
  const uploadId = request.query.get('uploadId') ?? '';
  const partNumber = readPartNumber(request.query.get('partNumber'));
  const { record } = bucket.getUpload(key, uploadId);
  const declared = findDeclaredChecksum(request.headers);
  if (record.checksum !== null && declared !== null && declared.algorithm !== record.checksum.algorithm) {
    throw new S3Error('InvalidRequest', {
      message: `Checksum Type mismatch occurred, expected checksum Type: ${record.checksum.algorithm.toLowerCase()}, actual checksum Type: ${declared.algorithm.toLowerCase()}`,
    });
  }
  const file = await bucket.writeTemporary(
    request.payload.read({ fallbackAlgorithm: record.checksum?.algorithm ?? null }),
  );
  const { sizeBytes, md5Hex, checksum } = request.payload.digests;
  try {
    await bucket.lock.run(key, async () => {
      // It may have been completed or aborted while the body came in.
      const upload = bucket.getUpload(key, uploadId);
      await bucket.keepFile(file);
      await bucket.putPart(upload, { partNumber, file, sizeBytes, etag: md5Hex, lastModifiedMs: nowMs(), checksum });
    });
  } catch (error) {
    await bucket.dropTemporary(file);
    throw error;
  }
  const { 'x-amz-checksum-type': _type, ...checksumHeader } = toChecksumHeaders({
    checksum: checksum === null ? null : { ...checksum, type: 'FULL_OBJECT' },
  });
  return replyEmpty(200, { etag: quoteEtag(md5Hex), ...checksumHeader });
}

function readPartNumber(text: string | undefined): number {
  const partNumber = Number(text);
  if (/^\d{1,5}$/.test(text ?? '') && partNumber >= 1 && partNumber <= MAX_PART_NUMBER) return partNumber;
  throw new S3Error('InvalidArgument', {
    message: `Part number must be an integer between 1 and ${MAX_PART_NUMBER}, inclusive`,
    fields: { ArgumentName: 'partNumber', ArgumentValue: (text ?? '').slice(0, 200) },
  });
}

/** `DELETE /bucket/key?uploadId` */
export async function abortMultipartUpload({ storage }: S3Context, request: S3Request): Promise<S3Reply> {
  const bucket = storage.get(bucketOf(request));
  const key = keyOf(request);
  await bucket.lock.run(key, async () => {
    const upload = bucket.getUpload(key, request.query.get('uploadId') ?? '');
    await bucket.removeUpload(upload, []);
  });
  return replyEmpty(204);
}
