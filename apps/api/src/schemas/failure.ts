import { z } from 'zod';

/** What went wrong with a task (API.md 4). */
export const failureSchema = z
  .object({
    code: z.string(),
    message: z.string(),
    retryable: z.boolean(),
    retry_after_ms: z.number().optional(),
    origin: z.string(),
    fingerprint: z.string(),
    detail: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: 'Failure' });
