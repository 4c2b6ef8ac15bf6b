import { S3Error } from '../s3-error.ts';
import { ByteReader } from './byte-reader.ts';
import { type ChunkSeed, ChunkSignatureChain } from './chunk-signature.ts';

const MAX_LINE_BYTES = 4096;
const MAX_TRAILER_LINES = 16;
/** S3 refuses smaller chunks but for the last one, so a stand-in that takes them would hide a failure of production. */
const MIN_CHUNK_BYTES = 8192;

export interface AwsChunkedOptions {
  /** Null when the chunks carry no signatures (`STREAMING-UNSIGNED-PAYLOAD-TRAILER`). */
  seed: ChunkSeed | null;
  /** Receives the trailing headers, lower-case names, before the last value is yielded as done. */
  trailers: Map<string, string>;
}

/**
 * Strips the aws-chunked framing off a body: `hex-size[;chunk-signature=...]\r\n data \r\n`, a chunk of size 0, trailing headers.
 * A chunk's bytes are yielded before its signature is known; the generator throws before it ends if any was wrong.
 * @throws S3Error `IncompleteBody`, `InvalidChunkSizeError`, `SignatureDoesNotMatch`
 */
export async function* decodeAwsChunked(
  source: AsyncIterator<Buffer>,
  options: AwsChunkedOptions,
): AsyncGenerator<Buffer> {
  const reader = new ByteReader(source);
  const chain = options.seed === null ? null : new ChunkSignatureChain(options.seed);
  for (let isLast = false, hasSmallChunk = false; !isLast; ) {
    const { sizeBytes, signature } = parseChunkHeader(await reader.readLine(MAX_LINE_BYTES));
    isLast = sizeBytes === 0;
    if (hasSmallChunk && !isLast) throw new S3Error('InvalidChunkSizeError');
    hasSmallChunk = sizeBytes < MIN_CHUNK_BYTES;
    for (let left = sizeBytes; left > 0; ) {
      const data = await reader.readSome(left);
      left -= data.length;
      chain?.update(data);
      yield data;
    }
    chain?.endChunk(signature);
    if (!isLast) await reader.expect('\r\n');
  }
  await readTrailers(reader, chain, options.trailers);
  if (!(await reader.isAtEnd())) throw new S3Error('IncompleteBody', { message: 'Bytes follow the last chunk.' });
}

function parseChunkHeader(line: string): { sizeBytes: number; signature: string } {
  const match = /^([0-9a-fA-F]{1,12})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(line);
  if (match?.[1] === undefined)
    throw new S3Error('IncompleteBody', { message: 'The size of a chunk could not be read.' });
  return { sizeBytes: Number.parseInt(match[1], 16), signature: match[2] ?? '' };
}

async function readTrailers(
  reader: ByteReader,
  chain: ChunkSignatureChain | null,
  trailers: Map<string, string>,
): Promise<void> {
  let lines = '';
  for (let count = 0; count < MAX_TRAILER_LINES; count++) {
    // A body without trailing headers may end right after its last chunk's line.
    if (count === 0 && (await reader.isAtEnd())) return;
    const line = await reader.readLine(MAX_LINE_BYTES);
    if (line === '') {
      // A signed trailer is followed by one more empty line, with or without one before its signature.
      if (await reader.isAtEnd()) return;
      continue;
    }
    const colon = line.indexOf(':');
    if (colon < 1) throw new S3Error('IncompleteBody', { message: 'A trailing header could not be read.' });
    const name = line.slice(0, colon).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === 'x-amz-trailer-signature') {
      chain?.endTrailer(lines, value);
    } else {
      trailers.set(name, value);
      lines += `${name}:${value}\n`;
    }
  }
  throw new S3Error('IncompleteBody', { message: 'The body has too many trailing headers.' });
}
