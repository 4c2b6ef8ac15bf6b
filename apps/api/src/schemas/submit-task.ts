import { z } from 'zod';
import { taskOptions } from './task-options.ts';
import { textSchema } from './text.ts';

/** The body of POST /tasks. */
export const submitTaskSchema = z
  .strictObject({
    agent: textSchema(128).meta({ description: 'Name of the agent.', example: 'document-analyst' }),
    ...taskOptions,
  })
  .meta({ id: 'SubmitTask' });

export type SubmitTask = z.output<typeof submitTaskSchema>;
