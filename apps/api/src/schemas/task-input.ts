import type { Json } from '@nightshift/domain';
import { z } from 'zod';
import { textSchema } from './text.ts';

const MAX_MESSAGE_CHARS = 32_000;
const MAX_RESPONSES = 20;
const MAX_RESPONSES_CHARS = 64_000;

const json: z.ZodType<Json> = z.unknown() as unknown as z.ZodType<Json>;

/** The body of POST /tasks/{id}/input: words, or answers to questions. */
export const taskInputSchema = z
  .strictObject({
    message: textSchema(MAX_MESSAGE_CHARS)
      .refine((text) => text.trim() !== '', { error: 'The message is blank.' })
      .optional()
      .meta({ description: 'Joins the conversation before the next call of the model.' }),
    responses: z
      .record(z.string().min(1).max(100), json)
      .refine((responses) => Object.keys(responses).length > 0, { error: 'There is no answer in it.' })
      .refine((responses) => Object.keys(responses).length <= MAX_RESPONSES, {
        error: `At most ${MAX_RESPONSES} answers at once.`,
      })
      .refine((responses) => JSON.stringify(responses).length <= MAX_RESPONSES_CHARS, {
        error: `All answers together may have at most ${MAX_RESPONSES_CHARS} characters of JSON.`,
      })
      .optional()
      .meta({ description: 'Answers by the `key` of the question. Keys that are unknown or answered are ignored.' }),
  })
  .refine(({ message, responses }) => (message === undefined) !== (responses === undefined), {
    error: 'Send either `message` or `responses`.',
  })
  .meta({ id: 'TaskInput' });

export const taskInputAnswerSchema = z
  .object({
    task_id: z.string(),
    ignored: z.array(z.string()).meta({ description: 'Keys of `responses` that no open question has.' }),
  })
  .meta({ id: 'TaskInputAnswer' });
