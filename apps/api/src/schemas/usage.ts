import { z } from 'zod';

/** What was used so far. */
export const usageSchema = z
  .object({
    input_tokens: z.number(),
    output_tokens: z.number(),
    cache_read_tokens: z.number(),
    cache_creation_tokens: z.number(),
    cost_usd: z.number(),
    turns: z.number(),
    tool_calls: z.number(),
  })
  .partial()
  .meta({ id: 'Usage' });
