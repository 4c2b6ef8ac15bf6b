import { z } from 'zod';
import { textSchema } from './text.ts';

const MAX_KEYS = 32;

const valueSchema = z
  .string()
  .max(512)
  .refine((text) => !text.includes('\u0000') && text.isWellFormed(), {
    error: 'The text must be valid Unicode without NUL.',
    params: { code: 'invalid_text' },
  });

/** The client's own notes: stored, shown, never interpreted. */
export const metadataSchema = z
  .record(textSchema(64), valueSchema)
  .refine((metadata) => Object.keys(metadata).length <= MAX_KEYS, { error: `At most ${MAX_KEYS} keys.` })
  .meta({ id: 'Metadata', description: `Up to ${MAX_KEYS} notes of the client.`, example: { folder: 'contracts' } });
