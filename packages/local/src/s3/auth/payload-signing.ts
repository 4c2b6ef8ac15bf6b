import type { ChunkSeed } from '../body/chunk-signature.ts';
import { S3Error } from '../s3-error.ts';

/** How the body of an authenticated request is protected, from `x-amz-content-sha256`. */
export type PayloadSigning =
  | { kind: 'hashed'; sha256Hex: string }
  | { kind: 'unsigned' }
  | { kind: 'chunked'; seed: ChunkSeed | null };

/**
 * Reads the value of `x-amz-content-sha256` ("Signature calculations", S3 API reference).
 * @param seed what the signatures of the chunks start from, used when the value says that chunks are signed
 */
export function parsePayloadSigning(contentSha256: string, seed: ChunkSeed): PayloadSigning {
  switch (contentSha256) {
    case 'UNSIGNED-PAYLOAD':
      return { kind: 'unsigned' };
    case 'STREAMING-UNSIGNED-PAYLOAD-TRAILER':
      return { kind: 'chunked', seed: null };
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD':
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER':
      return { kind: 'chunked', seed };
    default:
      if (/^[0-9a-f]{64}$/.test(contentSha256)) return { kind: 'hashed', sha256Hex: contentSha256 };
      throw new S3Error('InvalidArgument', {
        message: 'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, a STREAMING value, or a valid sha256 value.',
        fields: { ArgumentName: 'x-amz-content-sha256', ArgumentValue: contentSha256.slice(0, 200) },
      });
  }
}
