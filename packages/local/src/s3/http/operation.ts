import { S3Error } from '../s3-error.ts';

/** The operations this server knows, by their names in the S3 API. */
export const OPERATIONS = [
  'ListBuckets',
  'CreateBucket',
  'HeadBucket',
  'DeleteBucket',
  'GetBucketLocation',
  'ListObjectsV2',
  'DeleteObjects',
  'ListMultipartUploads',
  'PutObject',
  'GetObject',
  'HeadObject',
  'DeleteObject',
  'CopyObject',
  'CreateMultipartUpload',
  'UploadPart',
  'ListParts',
  'CompleteMultipartUpload',
  'AbortMultipartUpload',
] as const;
export type Operation = (typeof OPERATIONS)[number];

export interface OperationInput {
  method: string;
  bucket: string | null;
  key: string | null;
  query: ReadonlyMap<string, string>;
  headers: ReadonlyMap<string, string>;
}

/** Query parameters that name another resource than the object or the bucket itself. */
const FOREIGN_SUBRESOURCES = [
  'accelerate',
  'acl',
  'analytics',
  'attributes',
  'cors',
  'encryption',
  'intelligent-tiering',
  'inventory',
  'legal-hold',
  'lifecycle',
  'logging',
  'metrics',
  'notification',
  'object-lock',
  'ownershipControls',
  'policy',
  'policyStatus',
  'publicAccessBlock',
  'renameObject',
  'replication',
  'requestPayment',
  'restore',
  'retention',
  'select',
  'session',
  'tagging',
  'torrent',
  'versionId',
  'versioning',
  'versions',
  'website',
];

/**
 * Says which operation a request is. One that means something this server does not do is refused: taking
 * `PUT /b/k?tagging` for a PutObject would overwrite an object with an XML document.
 * @throws S3Error `NotImplemented`, `MethodNotAllowed`
 */
export function resolveOperation(input: OperationInput): Operation {
  const foreign = FOREIGN_SUBRESOURCES.find((name) => input.query.has(name));
  if (foreign !== undefined) throw notImplemented(`The subresource '${foreign}' is not implemented.`);
  if (input.bucket === null) {
    if (input.method === 'GET') return 'ListBuckets';
    throw new S3Error('MethodNotAllowed');
  }
  return input.key === null ? resolveBucketOperation(input) : resolveObjectOperation(input);
}

function resolveBucketOperation({ method, query }: OperationInput): Operation {
  switch (method) {
    case 'PUT':
      return 'CreateBucket';
    case 'HEAD':
      return 'HeadBucket';
    case 'DELETE':
      return 'DeleteBucket';
    case 'GET':
      if (query.has('location')) return 'GetBucketLocation';
      if (query.has('uploads')) return 'ListMultipartUploads';
      if (query.get('list-type') === '2') return 'ListObjectsV2';
      throw notImplemented('Version 1 of ListObjects is not implemented; use list-type=2.');
    case 'POST':
      if (query.has('delete')) return 'DeleteObjects';
      throw notImplemented('Browser-based POST uploads are not implemented.');
    default:
      throw new S3Error('MethodNotAllowed');
  }
}

function resolveObjectOperation({ method, query, headers }: OperationInput): Operation {
  const isOfUpload = query.has('uploadId');
  switch (method) {
    case 'GET':
      if (isOfUpload) return 'ListParts';
      if (query.has('partNumber')) throw notImplemented('Reading one part of an object is not implemented.');
      return 'GetObject';
    case 'HEAD':
      if (query.has('partNumber')) throw notImplemented('Reading one part of an object is not implemented.');
      return 'HeadObject';
    case 'PUT':
      if (isOfUpload && headers.has('x-amz-copy-source')) throw notImplemented('UploadPartCopy is not implemented.');
      if (isOfUpload) return 'UploadPart';
      return headers.has('x-amz-copy-source') ? 'CopyObject' : 'PutObject';
    case 'DELETE':
      return isOfUpload ? 'AbortMultipartUpload' : 'DeleteObject';
    case 'POST':
      if (query.has('uploads')) return 'CreateMultipartUpload';
      if (isOfUpload) return 'CompleteMultipartUpload';
      throw new S3Error('MethodNotAllowed');
    default:
      throw new S3Error('MethodNotAllowed');
  }
}

function notImplemented(message: string): S3Error {
  return new S3Error('NotImplemented', { message });
}
