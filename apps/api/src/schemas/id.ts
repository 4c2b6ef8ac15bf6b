import { type Id, type IdPrefix, isId } from '@nightshift/domain';
import { z } from 'zod';

/** An id of one kind: prefix, `_` and 26 characters. */
export function idSchema<P extends IdPrefix>(prefix: P) {
  return z
    .custom<Id<P>>((value) => isId(prefix, value), { error: `This is not the id of a ${prefix}.` })
    .meta({ override: { type: 'string', pattern: `^${prefix}_[0-7][0-9a-hjkmnp-tv-z]{25}$` } });
}

/** RFC 3339 in UTC. */
export const timeSchema = z.string().meta({ format: 'date-time' });
