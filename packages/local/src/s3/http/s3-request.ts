import type { Payload } from '../body/payload.ts';
import { S3Error } from '../s3-error.ts';

/** A request whose signature was verified, as the operations see it. */
export interface S3Request {
  method: string;
  bucket: string | null;
  key: string | null;
  query: ReadonlyMap<string, string>;
  /** Including those a presigned URL carries in its query. */
  headers: ReadonlyMap<string, string>;
  payload: Payload;
}

/** The bucket of a request that was routed to an operation on a bucket. */
export function bucketOf(request: S3Request): string {
  if (request.bucket === null) throw new Error('an operation on a bucket was routed without one');
  return request.bucket;
}

/** The key of a request that was routed to an operation on an object. */
export function keyOf(request: S3Request): string {
  if (request.key === null) throw new Error('an operation on an object was routed without a key');
  return request.key;
}

/** A whole number of the query within its limits. @throws S3Error `InvalidArgument` */
export function countOf(
  request: S3Request,
  name: string,
  limits: { min: number; max: number; fallback: number },
): number {
  const text = request.query.get(name);
  if (text === undefined || text === '') return limits.fallback;
  const value = Number(text);
  if (/^\d{1,10}$/.test(text) && value >= limits.min) return Math.min(value, limits.max);
  throw new S3Error('InvalidArgument', {
    message: `Argument ${name} must be an integer of at least ${limits.min}`,
    fields: { ArgumentName: name, ArgumentValue: text.slice(0, 200) },
  });
}
