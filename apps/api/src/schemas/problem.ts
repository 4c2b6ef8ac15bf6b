import { FAILURE_CODES } from '@nightshift/domain';
import { z } from 'zod';

/** Every 4xx and 5xx (RFC 9457). */
export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string(),
    code: z.string().meta({ examples: Object.keys(FAILURE_CODES).slice(0, 5) }),
    request_id: z.string(),
    retryable: z.boolean(),
    retry_after_ms: z.int().optional(),
    errors: z.array(z.object({ pointer: z.string(), detail: z.string(), code: z.string() })).optional(),
  })
  .meta({ id: 'Problem' });
