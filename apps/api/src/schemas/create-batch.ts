import { z } from 'zod';
import { metadataSchema } from './metadata.ts';
import { isStartTooLate, notBeforeSchema, START_TOO_LATE, taskOptions } from './task-options.ts';
import { textSchema } from './text.ts';

/** Requests in one body; larger batches are several. */
export const MAX_BATCH_REQUESTS = 10_000;
/** More at once than any fleet has slots is no cap. */
const MAX_CONCURRENCY = 100_000;

const requestSchema = z.strictObject({
  custom_id: textSchema(256).meta({ description: "The client's own name of the request; unique in the batch." }),
  agent: textSchema(128).optional().meta({ description: "Instead of the batch's agent." }),
  ...taskOptions,
});

/** The body of POST /batches: accepted as a whole or not at all. */
export const createBatchSchema = z
  .strictObject({
    agent: textSchema(128),
    name: textSchema(200).optional(),
    metadata: metadataSchema.default({}),
    concurrency: z
      .int()
      .min(1)
      .max(MAX_CONCURRENCY)
      .optional()
      .meta({ description: 'Tasks of the batch that run at once at most. Absent: as many as there is room for.' }),
    not_before: notBeforeSchema.meta({ description: 'For all requests that have none of their own.' }),
    requests: z.array(requestSchema).min(1).max(MAX_BATCH_REQUESTS),
  })
  .superRefine(({ requests, not_before }, check) => {
    const seen = new Set<string>();
    for (const [index, request] of requests.entries()) {
      const { custom_id } = request;
      if (isStartTooLate({ not_before, ...request })) {
        check.addIssue({ ...START_TOO_LATE, path: ['requests', index, 'not_before'] });
      }
      if (seen.has(custom_id)) {
        const message = 'Another request of the batch has this custom_id.';
        check.addIssue({
          code: 'custom',
          path: ['requests', index, 'custom_id'],
          message,
          params: { code: 'duplicate' },
        });
      }
      seen.add(custom_id);
    }
  })
  .meta({ id: 'CreateBatch' });

export type CreateBatch = z.output<typeof createBatchSchema>;
