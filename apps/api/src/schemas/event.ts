import { z } from 'zod';
import { idSchema, timeSchema } from './id.ts';
import { taskSchema } from './task.ts';

/** An event of a task's log (API.md 3). Clients skip types they do not know. */
export const eventSchema = z
  .object({
    type: z.string(),
    sequence_number: z.int(),
    task_id: idSchema('task'),
    epoch: z.int(),
    step_id: idSchema('step').optional(),
    created_at: timeSchema,
    data: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'Event' });

/** A page of the log. */
export const eventPageSchema = z
  .object({
    data: z.array(eventSchema),
    has_more: z.boolean(),
    next_after: z.int().meta({ description: 'The cursor to go on from; past the last event shown under a filter.' }),
    final: z.boolean().meta({ description: 'Whether the task is over and nothing follows.' }),
    gap: z
      .object({ from: z.int(), to: z.int() })
      .optional()
      .meta({ description: 'Events that are gone by retention, both numbers included; `data` goes on after them.' }),
    snapshot: taskSchema.optional().meta({ description: 'With `gap`: the task as it is now.' }),
  })
  .meta({ id: 'EventPage' });
