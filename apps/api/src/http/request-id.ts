import { createId } from '@nightshift/domain';
import type { RequestHandler, Response } from 'express';

const HEADER = 'X-Request-Id';

/** Gives every request an id of ours, sent back with every answer and found in every log line about it. */
export const assignRequestId: RequestHandler = (_http, response, next) => {
  response.setHeader(HEADER, createId('req'));
  next();
};

export function requestIdOf(response: Response): string {
  return String(response.getHeader(HEADER) ?? '');
}
