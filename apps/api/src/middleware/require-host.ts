import type { RequestHandler } from 'express';
import { refuse } from '../http/refuse.ts';

/** RFC 9112, 3.2. Node would check it too (start-server.ts turns that off), but its 400 says nothing. */
export const requireHost: RequestHandler = (http, response, next) => {
  if (http.httpVersion === '1.1' && http.headers.host === undefined) {
    response.setHeader('Connection', 'close');
    throw refuse('invalid_request', 'A request of HTTP/1.1 has a Host header.');
  }
  next();
};
