import { pipeline } from 'node:stream/promises';
import { MAX_PRESIGNED_SECONDS, toContentDisposition, toServedMediaType } from '@nightshift/artifacts';
import { messageOf } from '@nightshift/domain';
import type { Request, Response } from 'express';
import parseRange from 'range-parser';
import type { ApiContext } from '../context.ts';
import { refuse } from './refuse.ts';
import type { Reply } from './route.ts';

/** Bytes in S3 that the caller may read. */
export interface Content {
  s3Key: string;
  name: string;
  mediaType: string;
  bytes: number;
  sha256?: string | undefined;
}

/** A download whose client takes nothing for so long is cut off; it goes on with a range. */
const SLOW_READER_TIMEOUT_MS = 60_000;

/**
 * Sends stored bytes: whole, one range of them (RFC 9110, 14), or a redirect to S3. Never as something that a browser
 * would run (S61): an inert type, no sniffing, saved as a file.
 */
export async function sendContent(
  context: ApiContext,
  exchange: { http: Request; response: Response; gone: AbortSignal },
  content: Content,
  options: { redirect: boolean },
): Promise<Reply | undefined> {
  const { http, response, gone } = exchange;
  const { s3Key, name: fileName, mediaType } = content;
  if (options.redirect) {
    const url = await context.objects.presignGet(s3Key, { expiresSeconds: MAX_PRESIGNED_SECONDS, fileName, mediaType });
    return { status: 302, headers: { Location: url } };
  }
  const etag = content.sha256 === undefined ? undefined : `"${content.sha256}"`;
  response.setHeader('Accept-Ranges', 'bytes');
  if (etag !== undefined) response.setHeader('ETag', etag);
  const cacheControl = { 'Cache-Control': 'private, no-cache' };
  if (etag !== undefined && isListed(http.headers['if-none-match'], etag))
    return { status: 304, headers: cacheControl };

  const range = chooseRange(http, response, content.bytes, etag);
  const length = range ? range.end - range.start + 1 : content.bytes;
  if (range) response.setHeader('Content-Range', `bytes ${range.start}-${range.end}/${content.bytes}`);
  response.status(range ? 206 : 200);
  response.setHeader('Cache-Control', cacheControl['Cache-Control']);
  response.setHeader('Content-Type', toServedMediaType(mediaType));
  response.setHeader('Content-Disposition', toContentDisposition(fileName));
  response.setHeader('Content-Length', String(length));
  if (http.method === 'HEAD' || length === 0) {
    response.end();
    return undefined;
  }
  const asked = range ? { range: `bytes=${range.start}-${range.end}` } : {};
  const { stream } = await context.objects.get(s3Key, { ...asked, signal: gone });
  response.setTimeout(SLOW_READER_TIMEOUT_MS, () => response.destroy());
  await pipeline(stream, response).catch((error: unknown) => {
    if (!gone.aborted) context.log.warn({ error: messageOf(error) }, 'download cut; its reader can ask for the rest');
    response.destroy();
  });
  return undefined;
}

/** The one range to send; undefined for the whole. Several at once and other units are answered with the whole. */
function chooseRange(
  http: Request,
  response: Response,
  size: number,
  etag: string | undefined,
): { start: number; end: number } | undefined {
  const header = http.headers.range;
  const condition = http.headers['if-range'];
  if (header === undefined || (condition !== undefined && condition !== etag)) return undefined;
  const ranges = parseRange(size, header);
  if (ranges === -1) {
    response.setHeader('Content-Range', `bytes */${size}`);
    throw refuse('range_not_satisfiable', `The content has ${size} bytes.`);
  }
  if (ranges === -2 || ranges.type !== 'bytes' || ranges.length !== 1) return undefined;
  return ranges[0];
}

function isListed(header: string | undefined, etag: string): boolean {
  return (header ?? '').split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);
}
