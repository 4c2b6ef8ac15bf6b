import { STATUSES, WAITING_FOR } from '@nightshift/domain';
import { z } from 'zod';
import { failureSchema } from './failure.ts';
import { idSchema, timeSchema } from './id.ts';

/** A request of a batch and how far it is. */
export const batchItemSchema = z
  .object({
    index: z.int().meta({ description: 'Place in the body of the batch; the cursor of this list.' }),
    custom_id: z.string(),
    task_id: idSchema('task'),
    agent: z.string(),
    status: z.enum(STATUSES),
    waiting_for: z.enum(WAITING_FOR).nullable(),
    run: z.int(),
    attempts: z.int(),
    progress: z.record(z.string(), z.unknown()).nullable(),
    failure: failureSchema.nullable(),
    last_event_id: z.int(),
    started_at: timeSchema.nullable(),
    finished_at: timeSchema.nullable(),
  })
  .meta({ id: 'BatchItem' });

export type BatchItem = z.input<typeof batchItemSchema>;
