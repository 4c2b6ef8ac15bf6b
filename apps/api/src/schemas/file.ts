import { z } from 'zod';
import { idSchema, timeSchema } from './id.ts';

/** A document that was uploaded as input. */
export const fileSchema = z
  .object({
    id: idSchema('file'),
    name: z.string(),
    media_type: z.string(),
    bytes: z.int(),
    sha256: z.string(),
    content_url: z.string(),
    created_at: timeSchema,
  })
  .meta({ id: 'File' });

export type FileResource = z.input<typeof fileSchema>;
