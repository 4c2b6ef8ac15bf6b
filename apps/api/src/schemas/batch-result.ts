import { FINAL_STATUSES, STOP_REASONS } from '@nightshift/domain';
import { z } from 'zod';
import { artifactSchema } from './artifact.ts';
import { failureSchema } from './failure.ts';
import { idSchema, timeSchema } from './id.ts';
import { usageSchema } from './usage.ts';

/** One line of the results of a batch: a request that is over. */
export const batchResultSchema = z
  .object({
    index: z.int(),
    custom_id: z.string(),
    task_id: idSchema('task'),
    status: z.enum(FINAL_STATUSES),
    result: z.unknown(),
    stop_reason: z.enum(STOP_REASONS).nullable(),
    failure: failureSchema.nullable(),
    dead_letter_id: idSchema('dl').nullable(),
    usage: usageSchema.nullable(),
    artifacts: z.array(artifactSchema),
    finished_at: timeSchema.nullable(),
  })
  .meta({ id: 'BatchResult' });

export type BatchResult = z.input<typeof batchResultSchema>;
