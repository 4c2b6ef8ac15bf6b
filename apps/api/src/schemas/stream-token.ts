import { z } from 'zod';
import { timeSchema } from './id.ts';

const DEFAULT_SECONDS = 3_600;
const MAX_SECONDS = 12 * 3_600;

/** The body of POST /tasks/{id}/stream-tokens. */
export const streamTokenRequestSchema = z
  .strictObject({ expires_in_seconds: z.int().min(10).max(MAX_SECONDS).default(DEFAULT_SECONDS) })
  .meta({ id: 'StreamTokenRequest' });

export const streamTokenSchema = z
  .object({
    token: z.string(),
    expires_at: timeSchema,
    events_url: z.string().meta({ description: 'Path that an EventSource can open as it is.' }),
  })
  .meta({ id: 'StreamToken' });
