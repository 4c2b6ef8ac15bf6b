import { DEFAULT_LIMITS, type Limits } from '@nightshift/domain';
import { z } from 'zod';

const countSchema = (max: number) => z.int().min(1).max(max).optional();

/** What a task may use. An absent limit is the agent's own. */
export const limitsSchema = z
  .strictObject({
    max_turns: countSchema(10_000),
    max_tool_calls: countSchema(100_000),
    max_tokens: countSchema(1_000_000_000),
    max_cost_usd: z.number().positive().max(1_000_000).optional(),
    max_duration_ms: countSchema(30 * 24 * 60 * 60_000),
    max_attempts: countSchema(100),
  })
  .transform(
    (limits) => Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined)) as Limits,
  )
  .meta({ id: 'Limits', description: `Defaults: ${JSON.stringify(DEFAULT_LIMITS)}.` });
