import { EFFECT_CLASSES, REPLAY_MODES } from '@nightshift/domain';
import { z } from 'zod';
import { idSchema } from './id.ts';
import { textSchema } from './text.ts';

const fields = {
  mode: z.enum(REPLAY_MODES).default('resume').meta({
    description:
      'resume: goes on from the journal and repeats nothing that is settled. from_step: keeps the steps before `step_id` and runs that and everything after it again. restart: keeps nothing.',
  }),
  step_id: idSchema('step').optional().meta({ description: 'Where `from_step` begins again: a turn or a tool call.' }),
  dry_run: z.boolean().default(false).meta({ description: 'Only says what would be kept and what would run again.' }),
  reason: textSchema(1_000).optional(),
};

function isStepNamed({ mode, step_id: stepId }: { mode: string; step_id?: unknown }): boolean {
  return (mode === 'from_step') === (stepId !== undefined);
}

const STEP_NAMED = { path: ['step_id'], error: 'A replay from a step names it in step_id, another one names none.' };

/** The body of a replay of a task. */
export const replaySchema = z
  .strictObject({
    ...fields,
    run: z.int().min(1).optional().meta({ description: 'The run to replay; a repeated request names the same one.' }),
  })
  .refine(isStepNamed, STEP_NAMED)
  .meta({ id: 'Replay' });

/** The body of a replay of a dead letter, which names the run itself. */
export const deadLetterReplaySchema = z
  .strictObject(fields)
  .refine(isStepNamed, STEP_NAMED)
  .meta({ id: 'DeadLetterReplay' });

const planSchema = z
  .object({
    kept: z.object({ turns: z.int(), tool_calls: z.int() }).meta({ description: 'Steps that are not run again.' }),
    dropped: z.object({ turns: z.int(), tool_calls: z.int() }),
    unsettled: z.int().meta({ description: 'Tool calls without a result that would be taken up again.' }),
    again: z
      .array(
        z.object({
          step_id: idSchema('step'),
          step_key: z.string(),
          kind: z.string(),
          name: z.string(),
          status: z.string(),
          effect_class: z.enum(EFFECT_CLASSES).nullable(),
        }),
      )
      .meta({ description: 'The first 100 of the steps that are dropped or unsettled, in order.' }),
  })
  .meta({ id: 'ReplayPlan' });

/** The answer to a replay. */
export const replayAnswerSchema = z
  .object({
    task_id: z.string(),
    run: z.int().meta({ description: 'Number of the new run.' }),
    mode: z.enum(REPLAY_MODES),
    from_step: idSchema('step').nullable(),
    repeated: z.boolean().meta({ description: 'Whether an earlier request had made this run already.' }),
    dry_run: z.boolean(),
    plan: planSchema.optional().meta({ description: 'Only of a dry run.' }),
  })
  .meta({ id: 'ReplayAnswer' });

export type ReplayAnswerResource = z.input<typeof replayAnswerSchema>;
export type ReplayPlan = z.input<typeof planSchema>;
