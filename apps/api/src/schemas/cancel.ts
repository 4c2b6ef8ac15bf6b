import { z } from 'zod';
import { textSchema } from './text.ts';

/** The body of a cancel. */
export const cancelSchema = z
  .strictObject({
    reason: textSchema(1_000).optional(),
    force: z
      .boolean()
      .default(false)
      .meta({ description: 'End a running task at once, without waiting for its worker to tidy up.' }),
  })
  .meta({ id: 'Cancel' });
