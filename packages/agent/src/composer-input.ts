import { z } from 'zod';

/** What the composer is given: words that say what to compose. */
export const composerInput = z.strictObject({ prompt: z.string().min(1).max(2_000) });

/** See `journalVersion` of an agent's definition. */
export const COMPOSER_JOURNAL_VERSION = 1;
