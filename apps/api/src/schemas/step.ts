import { EFFECT_CLASSES } from '@nightshift/domain';
import { z } from 'zod';
import { failureSchema } from './failure.ts';
import { idSchema, timeSchema } from './id.ts';
import { usageSchema } from './usage.ts';

/** One journaled unit: a model turn or a tool call. */
export const stepSchema = z
  .object({
    id: idSchema('step'),
    step_key: z.string(),
    run: z.int(),
    turn: z.int(),
    position: z.int().meta({ description: '0 is the turn itself; tool calls follow in the order of the model.' }),
    kind: z.enum(['turn', 'tool']),
    name: z.string().meta({ description: 'The model, or the tool.' }),
    status: z.enum(['intent', 'done', 'unknown', 'void']),
    effect_class: z.enum(EFFECT_CLASSES).nullable(),
    attempts: z.int(),
    elapsed_ms: z.int().nullable(),
    usage: usageSchema.nullable(),
    failure: failureSchema.nullable(),
    epoch: z.int(),
    started_at: timeSchema,
    finished_at: timeSchema.nullable(),
  })
  .meta({ id: 'Step' });

export type Step = z.input<typeof stepSchema>;
