import type { Json } from '@nightshift/domain';
import { z } from 'zod';
import { limitsSchema } from './limits.ts';
import { metadataSchema } from './metadata.ts';
import { textSchema } from './text.ts';

const MAX_TAGS = 20;

/** Any JSON here: the agent's own schema is checked by the route, once the agent is known. parse-json.ts has refused what cannot be kept. */
export const inputSchema = z
  .custom<Json>((value) => value !== undefined, { error: 'The input is required.', params: { code: 'required' } })
  .meta({ description: 'What the agent is to work on; its shape depends on the agent.', override: {} });

/** When a task may start, for one task or for a batch. */
export const notBeforeSchema = z.iso
  .datetime({ offset: true })
  .optional()
  .meta({ description: 'The task waits for this moment before it is queued. One that has passed means at once.' });

/** A task that may start only when it must have ended is a mistake of whoever submits it. */
export function isStartTooLate(task: { not_before?: string | undefined; deadline_at?: string | undefined }): boolean {
  if (task.not_before === undefined || task.deadline_at === undefined) return false;
  return Date.parse(task.not_before) >= Date.parse(task.deadline_at);
}

export const START_TOO_LATE = {
  code: 'custom',
  message: 'The task would start at its deadline or after it.',
  params: { code: 'not_before_after_deadline' },
} as const;

/** The fields that a task has whether it is submitted alone or in a batch. */
export const taskOptions = {
  input: inputSchema,
  priority: z.int().min(-100).max(100).default(0).meta({ description: 'Higher goes first.' }),
  tags: z.array(textSchema(64)).max(MAX_TAGS).default([]),
  metadata: metadataSchema.default({}),
  limits: limitsSchema.default({}),
  deadline_at: z.iso
    .datetime({ offset: true })
    .refine((text) => Date.parse(text) > Date.now(), { error: 'The deadline is in the past.' })
    .optional()
    .meta({ description: 'The task ends as `expired` at this moment, with partial results kept.' }),
  not_before: notBeforeSchema,
};
