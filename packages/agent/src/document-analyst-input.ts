import { isId } from '@nightshift/domain';
import { z } from 'zod';

/** What the document analyst is given: one uploaded document. */
export const documentAnalystInput = z.strictObject({
  file_id: z.string().refine((text) => isId('file', text), { error: 'This is not the id of a file.' }),
  name: z.string().max(500),
  media_type: z.string().max(200).default('application/octet-stream'),
});

/** See `journalVersion` of an agent's definition. */
export const DOCUMENT_ANALYST_JOURNAL_VERSION = 1;
