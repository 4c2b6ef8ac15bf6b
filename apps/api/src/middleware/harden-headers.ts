import type { RequestHandler } from 'express';
import helmet from 'helmet';

/** Headers that keep a browser from doing anything with an answer but read it. */
export function hardenHeaders(): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"], sandbox: [] },
    },
    // Pages of other origins may read (allow-cross-origin.ts).
    crossOriginResourcePolicy: { policy: 'cross-origin' },
    // Whoever ends TLS in front of us decides about it.
    strictTransportSecurity: false,
  });
}
