import { z } from 'zod';

/** Text that names or explains something: no NUL (Postgres refuses it) and no half characters. */
export function textSchema(maxLength: number) {
  return z
    .string()
    .min(1)
    .max(maxLength)
    .refine((text) => !text.includes('\u0000') && text.isWellFormed(), {
      error: 'The text must be valid Unicode without NUL.',
      params: { code: 'invalid_text' },
    });
}
