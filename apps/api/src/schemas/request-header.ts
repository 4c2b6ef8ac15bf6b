import { z } from 'zod';

/** The request headers that routes read beside the credential, as they are documented; their readers check them. */
export const REQUEST_HEADERS = {
  'Idempotency-Key': z.string().min(1).max(255).meta({
    description: 'Visible ASCII. The same request with the same key does its work once and gets the same answer.',
    example: '0b1f8a52-contracts',
  }),
  Prefer: z.string().meta({ description: 'RFC 7240: hold the answer up to so many seconds.', example: 'wait=30' }),
  'If-None-Match': z.string().meta({ description: 'The `ETag` of what the client has: 304 when it is still that.' }),
  'Last-Event-ID': z.string().meta({ description: 'The id of the last event that was received; wins over `after`.' }),
  Range: z.string().meta({ description: 'RFC 9110: one range of bytes.', example: 'bytes=0-1023' }),
  'If-Range': z.string().meta({ description: 'The `ETag` the range is meant for; the whole is sent when it changed.' }),
  'X-File-Name': z.string().meta({
    description: 'The name of the document, percent-encoded, when `?name=` is absent.',
    example: 'minutes%20of%20May.md',
  }),
} as const;

export type RequestHeader = keyof typeof REQUEST_HEADERS;
