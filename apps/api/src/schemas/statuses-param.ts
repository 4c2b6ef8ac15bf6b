import { z } from 'zod';

/** One or several of the values, separated by commas, as a query parameter. */
export function statusesParam<const Value extends string>(values: readonly Value[]) {
  return z
    .string()
    .max(200)
    .transform((text) => text.split(','))
    .pipe(z.array(z.enum(values)))
    .meta({
      override: { type: 'string' },
      description: `One or several of ${values.join(', ')}, separated by commas.`,
    });
}
