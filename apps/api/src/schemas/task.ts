import { STATUSES, STOP_REASONS, WAITING_FOR } from '@nightshift/domain';
import { z } from 'zod';
import { artifactSchema } from './artifact.ts';
import { failureSchema } from './failure.ts';
import { idSchema, timeSchema } from './id.ts';
import { questionSchema } from './question.ts';
import { usageSchema } from './usage.ts';

/** A task as GET answers it (API.md 1). */
export const taskSchema = z
  .object({
    id: idSchema('task'),
    agent: z.string(),
    agent_version: z.string().nullable().meta({ description: 'Pinned when the task first starts.' }),
    status: z.enum(STATUSES),
    waiting_for: z.enum(WAITING_FOR).nullable(),
    wake_at: timeSchema.nullable(),
    cancel_requested_at: timeSchema.nullable(),
    batch_id: idSchema('batch').nullable(),
    custom_id: z.string().nullable(),
    priority: z.int(),
    tags: z.array(z.string()),
    metadata: z.record(z.string(), z.string()),
    limits: z.record(z.string(), z.number()),
    run: z.int().meta({ description: 'Starts at 1; every replay adds one.' }),
    attempts: z.int().meta({ description: 'Failed attempts of this run.' }),
    progress: z.record(z.string(), z.unknown()).nullable(),
    usage: usageSchema.nullable(),
    result: z.unknown().meta({ description: 'What the agent answered; null until it has.' }),
    stop_reason: z.enum(STOP_REASONS).nullable(),
    failure: failureSchema.nullable(),
    dead_letter_id: idSchema('dl').nullable(),
    artifacts: z.array(artifactSchema).optional().meta({ description: 'Only when one task is asked for.' }),
    questions: z
      .array(questionSchema)
      .optional()
      .meta({ description: 'Only when one task is asked for and it waits for `input`: what it asks.' }),
    input: z.unknown().optional().meta({ description: 'Only with `include=input`.' }),
    last_event_id: z.int().meta({ description: 'Cursor of the newest event.' }),
    poll_after_ms: z.int().nullable().meta({ description: 'When to ask again; null when the task is final.' }),
    created_at: timeSchema,
    started_at: timeSchema.nullable(),
    finished_at: timeSchema.nullable(),
    deadline_at: timeSchema.nullable(),
  })
  .meta({ id: 'Task' });

export type Task = z.input<typeof taskSchema>;
