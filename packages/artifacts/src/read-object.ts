import { createHash } from 'node:crypto';
import { addAbortSignal, Readable } from 'node:stream';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { failWith, invariant } from '@nightshift/domain';
import { SHA256_METADATA } from './head-object.ts';
import type { S3Connection } from './s3-connection.ts';
import { sendToS3 } from './send-to-s3.ts';

export interface GetObjectOptions {
  /** One range as in HTTP: `bytes=0-99`, `bytes=100-`, `bytes=-500`. */
  range?: string | undefined;
  signal?: AbortSignal | undefined;
}

export interface ObjectContent {
  /** Must be read to its end or destroyed. A cut transfer is an error of the stream. */
  stream: Readable;
  /** Bytes in `stream`. */
  bytes: number;
  /** `bytes 0-99/1234` when a range was asked for. */
  contentRange: string | undefined;
  mediaType: string;
  etag: string;
  sha256: string | undefined;
}

/** Opens an object, or a range of it. Throws a FailureError: `not_found`, `range_not_satisfiable`, `storage_unavailable`. */
export async function getObject(
  connection: S3Connection,
  key: string,
  options: GetObjectOptions = {},
): Promise<ObjectContent> {
  const { signal } = options;
  return await sendToS3(connection, { operation: 'GetObject', key, signal }, () => sendGet(connection, key, options));
}

/**
 * Reads a whole object into memory, again from the start when the transfer is cut, and checks it against the sha256 it
 * was stored with. Throws like `getObject`, and `payload_too_large` above `maxBytes`.
 */
export async function readObject(
  connection: S3Connection,
  key: string,
  options: { maxBytes: number; signal?: AbortSignal | undefined },
): Promise<Buffer> {
  const { maxBytes, signal } = options;
  return await sendToS3(connection, { operation: 'GetObject', key, signal }, async () => {
    const content = await sendGet(connection, key, { signal });
    if (content.bytes > maxBytes) {
      content.stream.destroy();
      throw failWith('payload_too_large', `The object has ${content.bytes} bytes; at most ${maxBytes} can be read.`);
    }
    const bytes = await collect(content.stream);
    if (content.sha256 !== undefined && createHash('sha256').update(bytes).digest('hex') !== content.sha256) {
      throw failWith(
        'storage_unavailable',
        'The object arrived damaged: its sha256 is not the one it was stored with.',
      );
    }
    return bytes;
  });
}

async function sendGet(connection: S3Connection, key: string, options: GetObjectOptions): Promise<ObjectContent> {
  const { range, signal } = options;
  const command = new GetObjectCommand({
    Bucket: connection.bucket,
    Key: key,
    ...(range === undefined ? {} : { Range: range }),
  });
  const reply = await connection.client.send(command, signal ? { abortSignal: signal } : {});
  const stream: unknown = reply.Body;
  invariant(stream instanceof Readable, 'the SDK gave a body that is no Node stream');
  if (signal) addAbortSignal(signal, stream);
  return {
    stream,
    bytes: reply.ContentLength ?? 0,
    contentRange: reply.ContentRange,
    mediaType: reply.ContentType ?? 'application/octet-stream',
    etag: reply.ETag ?? '',
    sha256: reply.Metadata?.[SHA256_METADATA],
  };
}

async function collect(stream: Readable): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
