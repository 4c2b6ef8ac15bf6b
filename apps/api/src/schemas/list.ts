import type { IdPrefix } from '@nightshift/domain';
import { z } from 'zod';
import { idSchema } from './id.ts';

const DEFAULT_LIMIT = 20;
export const MAX_LIMIT = 100;

/** A whole number in a query, written plainly. */
export function numberParam(min: number, max: number) {
  return z
    .string()
    .regex(/^\d{1,15}$/, { error: 'This must be a whole number.' })
    .transform(Number)
    .pipe(z.number().min(min).max(max))
    .meta({ override: { type: 'integer', minimum: min, maximum: max } });
}

/** The parameters of every list that is paged by id, newest first. */
export function pageParams<P extends IdPrefix>(prefix: P) {
  return {
    limit: numberParam(1, MAX_LIMIT).prefault(String(DEFAULT_LIMIT)),
    after: idSchema(prefix).optional().meta({ description: 'Id of the last item of the page before.' }),
    before: idSchema(prefix).optional().meta({ description: 'Id of the first item of the page after.' }),
  };
}

/** A page of a list. */
export function listSchema<Item extends z.ZodType>(item: Item) {
  return z.object({
    data: z.array(item),
    has_more: z.boolean(),
    first_id: z.string().nullable(),
    last_id: z.string().nullable(),
  });
}
