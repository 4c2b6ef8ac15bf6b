import type { RequestHandler } from 'express';

const READABLE_HEADERS = 'X-Request-Id, ETag, Location, Link, Retry-After, Content-Range, Content-Disposition';
const SENDABLE_HEADERS = 'Authorization, Last-Event-ID, If-None-Match, Accept, Range';

/**
 * Lets pages of any origin read: a key or a token has to be sent by the page itself, and credentials that a browser
 * adds by itself (cookies) are neither used nor allowed, so a page can do nothing its visitor's key was not given to.
 * Writing from another origin is not allowed.
 */
export const allowCrossOrigin: RequestHandler = (http, response, next) => {
  if (http.method === 'GET' || http.method === 'HEAD') {
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.setHeader('Access-Control-Expose-Headers', READABLE_HEADERS);
  }
  const isPreflight = http.method === 'OPTIONS' && http.headers['access-control-request-method'] !== undefined;
  if (!isPreflight) return next();
  response.setHeader('Access-Control-Allow-Origin', '*');
  response.setHeader('Access-Control-Allow-Methods', 'GET');
  response.setHeader('Access-Control-Allow-Headers', SENDABLE_HEADERS);
  response.setHeader('Access-Control-Max-Age', '600');
  response.status(204).end();
};
