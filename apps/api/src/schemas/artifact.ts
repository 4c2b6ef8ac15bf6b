import { z } from 'zod';
import { idSchema, timeSchema } from './id.ts';

/** Bytes that a tool produced. */
export const artifactSchema = z
  .object({
    id: idSchema('art'),
    task_id: idSchema('task'),
    step_id: idSchema('step'),
    run: z.int(),
    name: z.string(),
    media_type: z.string(),
    status: z.enum(['uploading', 'completed', 'aborted']),
    usable: z.boolean().meta({ description: 'Whether there is content to fetch: an aborted one may have a part.' }),
    bytes: z.int(),
    sha256: z.string().nullable(),
    content_url: z.string().meta({ description: 'Path of the content.' }),
    created_at: timeSchema,
    finished_at: timeSchema.nullable(),
  })
  .meta({ id: 'Artifact' });

export type Artifact = z.input<typeof artifactSchema>;
