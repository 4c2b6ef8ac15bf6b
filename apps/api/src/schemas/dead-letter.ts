import { z } from 'zod';
import { artifactSchema } from './artifact.ts';
import { failureSchema } from './failure.ts';
import { idSchema, timeSchema } from './id.ts';
import { usageSchema } from './usage.ts';

export const DEAD_LETTER_STATUSES = ['open', 'replayed', 'discarded'] as const;
export const DEAD_LETTER_REASONS = ['poison', 'permanent', 'exhausted', 'needs_ops', 'unknown_outcome'] as const;

/** A run that failed for good: why, what was tried, and where it can be taken up again. */
export const deadLetterSchema = z
  .object({
    id: idSchema('dl'),
    task_id: idSchema('task'),
    run: z.int(),
    batch_id: idSchema('batch').nullable(),
    agent: z.string(),
    agent_version: z.string().nullable(),
    reason: z.enum(DEAD_LETTER_REASONS),
    retry_stopped: z.string().meta({ description: 'Why trying stopped.' }),
    failure: failureSchema,
    history: z.array(z.unknown()).meta({
      description: 'Failed attempts of the run, and processes that died while they ran it (`death`), oldest first.',
    }),
    usage: usageSchema.nullable(),
    journal: z.object({
      epoch: z.int(),
      last_step_key: z.string().nullable(),
      steps_url: z.string(),
      events_url: z.string(),
    }),
    artifacts: z.array(artifactSchema).optional().meta({ description: 'Only when one dead letter is asked for.' }),
    status: z.enum(DEAD_LETTER_STATUSES),
    resolved_at: timeSchema.nullable(),
    resolved_by: z.string().nullable(),
    replay_run: z.int().nullable(),
    created_at: timeSchema,
  })
  .meta({ id: 'DeadLetter' });

export type DeadLetterResource = z.input<typeof deadLetterSchema>;
