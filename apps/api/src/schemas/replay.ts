import { z } from 'zod';
import { textSchema } from './text.ts';

/** The body of a replay. Only `resume` is offered: it continues from the journal and repeats nothing that is settled. */
export const replaySchema = z
  .strictObject({
    mode: z.literal('resume', { error: 'Only the mode "resume" is offered.' }).default('resume'),
    run: z.int().min(1).optional().meta({ description: 'The run to replay; a repeated request names the same one.' }),
    reason: textSchema(1_000).optional(),
  })
  .meta({ id: 'Replay' });

/** The answer to a replay. */
export const replayAnswerSchema = z
  .object({
    task_id: z.string(),
    run: z.int().meta({ description: 'Number of the new run.' }),
    mode: z.literal('resume'),
    repeated: z.boolean().meta({ description: 'Whether an earlier request had made this run already.' }),
  })
  .meta({ id: 'ReplayAnswer' });
