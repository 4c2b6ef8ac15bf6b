import { z } from 'zod';
import { timeSchema } from './id.ts';

/** What a task asks a person. */
export const questionSchema = z
  .object({
    key: z.string().meta({ description: 'Its answer is sent under it: `POST /tasks/{id}/input`.' }),
    prompt: z.string(),
    schema: z.record(z.string(), z.unknown()).meta({ description: 'JSON Schema of the answer.' }),
    tool: z.string(),
    tool_use_id: z.string(),
    asked_at: timeSchema,
  })
  .meta({ id: 'Question' });

export type Question = z.input<typeof questionSchema>;
