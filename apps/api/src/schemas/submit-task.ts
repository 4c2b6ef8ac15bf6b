import { z } from 'zod';
import { isStartTooLate, START_TOO_LATE, taskOptions } from './task-options.ts';
import { textSchema } from './text.ts';

/** The body of POST /tasks. */
export const submitTaskSchema = z
  .strictObject({
    agent: textSchema(128).meta({ description: 'Name of the agent.', example: 'document-analyst' }),
    ...taskOptions,
  })
  .superRefine((task, check) => {
    if (isStartTooLate(task)) check.addIssue({ ...START_TOO_LATE, path: ['not_before'] });
  })
  .meta({ id: 'SubmitTask' });

export type SubmitTask = z.output<typeof submitTaskSchema>;
