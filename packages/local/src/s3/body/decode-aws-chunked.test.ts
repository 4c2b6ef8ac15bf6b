import { describe, expect, it } from 'vitest';
import { deriveSigningKey } from '../auth/signing-key.ts';
import type { ChunkSeed } from './chunk-signature.ts';
import { decodeAwsChunked } from './decode-aws-chunked.ts';

/** The worked example of "Transferring payload in multiple chunks" in the S3 API reference. */
const EXAMPLE_SEED: ChunkSeed = {
  signingKey: deriveSigningKey('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', {
    date: '20130524',
    region: 'us-east-1',
    service: 's3',
  }),
  scope: '20130524/us-east-1/s3/aws4_request',
  amzDate: '20130524T000000Z',
  signature: '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
};
const EXAMPLE_BODY = [
  `10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n${'a'.repeat(65_536)}\r\n`,
  `400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n${'a'.repeat(1024)}\r\n`,
  '0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n',
].join('');

async function decode(body: string, sliceBytes: number, seed: ChunkSeed | null) {
  const slices = Array.from({ length: Math.ceil(body.length / sliceBytes) }, (_, index) =>
    Buffer.from(body.slice(index * sliceBytes, (index + 1) * sliceBytes), 'latin1'),
  );
  async function* source(): AsyncGenerator<Buffer> {
    yield* slices;
  }
  const trailers = new Map<string, string>();
  const decoded: Buffer[] = [];
  for await (const chunk of decodeAwsChunked(source(), { seed, trailers })) decoded.push(chunk);
  return { text: Buffer.concat(decoded).toString('latin1'), trailers };
}

describe('decodeAwsChunked', () => {
  it('decodeAwsChunked verifies the signed example of the S3 reference however it is cut', async () => {
    for (const sliceBytes of [1, 7, 8192, 1_000_000]) {
      const { text } = await decode(EXAMPLE_BODY, sliceBytes, EXAMPLE_SEED);
      expect(text === 'a'.repeat(66_560)).toBe(true);
    }
  });

  it('decodeAwsChunked refuses a changed byte in a signed chunk', async () => {
    const body = `${EXAMPLE_BODY.slice(0, 500)}b${EXAMPLE_BODY.slice(501)}`;
    await expect(decode(body, 4096, EXAMPLE_SEED)).rejects.toMatchObject({ code: 'SignatureDoesNotMatch' });
  });

  it('decodeAwsChunked reads unsigned chunks and the trailing headers', async () => {
    const body = '5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n';
    for (let sliceBytes = 1; sliceBytes <= body.length; sliceBytes++) {
      const { text, trailers } = await decode(body, sliceBytes, null);
      expect([text, [...trailers]]).toEqual(['hello', [['x-amz-checksum-crc32', 'NhCmhg==']]]);
    }
  });

  it.each([
    ['a body that ends inside a chunk', '5\r\nhel', 'IncompleteBody'],
    ['a body without its last chunk', '5\r\nhello\r\n', 'IncompleteBody'],
    ['a chunk longer than its size', '3\r\nhello\r\n0\r\n\r\n', 'IncompleteBody'],
    ['a size that is no number', 'zz\r\nhello\r\n0\r\n\r\n', 'IncompleteBody'],
    ['bytes behind the end', '0\r\n\r\nmore\r\n\r\n', 'IncompleteBody'],
    ['a line without end', 'a'.repeat(10_000), 'IncompleteBody'],
    ['a small chunk before another', '1\r\na\r\n1\r\nb\r\n0\r\n\r\n', 'InvalidChunkSizeError'],
  ])('decodeAwsChunked refuses %s', async (_, body, code) => {
    await expect(decode(body, 3, null)).rejects.toMatchObject({ code });
  });
});
