import { STATUSES } from '@nightshift/domain';
import { z } from 'zod';
import { idSchema, timeSchema } from './id.ts';

export const BATCH_STATUSES = ['in_progress', 'cancelling', 'ended'] as const;

/** Tasks that were submitted together; the counts are those of this moment. */
export const batchSchema = z
  .object({
    id: idSchema('batch'),
    name: z.string().nullable(),
    agent: z.string(),
    metadata: z.record(z.string(), z.string()),
    concurrency: z.int().nullable().meta({ description: 'Tasks of the batch that run at once at most.' }),
    status: z.enum(BATCH_STATUSES),
    request_counts: z.object({
      total: z.int(),
      ...Object.fromEntries(STATUSES.map((status) => [status, z.int()])),
    }),
    cancel_requested_at: timeSchema.nullable(),
    created_at: timeSchema,
    started_at: timeSchema.nullable(),
    finished_at: timeSchema.nullable(),
    poll_after_ms: z.int().nullable(),
  })
  .meta({ id: 'Batch' });

export type Batch = z.input<typeof batchSchema>;
