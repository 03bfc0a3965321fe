import type { RequestHandler } from 'express';

/** How long a browser may remember what it was allowed, s. */
const maxAgeSeconds = 600;

/**
 * Lets the page of one other origin POST here and read the answer (Cross-Origin Resource Sharing); every other origin's pages read
 * nothing.
 *
 * @param origin - such as `https://temporal.example`; null: no other origin's
 * @param headers - what such a page may send
 * @param credentials - whether its requests may bring cookies
 */
export function allowOrigin(
  origin: string | null,
  headers: readonly string[],
  { credentials }: { readonly credentials: boolean },
): RequestHandler {
  return (req, res, next) => {
    res.vary('Origin');
    if (origin === null || req.headers.origin !== origin) {
      next();
      return;
    }
    res.setHeader('Access-Control-Allow-Origin', origin);
    if (credentials) res.setHeader('Access-Control-Allow-Credentials', 'true');
    if (req.method !== 'OPTIONS') {
      next();
      return;
    }
    res.setHeader('Access-Control-Allow-Methods', 'POST');
    res.setHeader('Access-Control-Allow-Headers', headers.join(', '));
    res.setHeader('Access-Control-Max-Age', String(maxAgeSeconds));
    res.status(204).end();
  };
}

/** What Temporal's web UI sends to a codec server. */
export const temporalUiHeaders = ['content-type', 'x-namespace', 'authorization', 'authorization-extras'];
