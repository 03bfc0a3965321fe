import type { RequestHandler } from 'express';

/** An answer is for one person and must not be cached. */
export const noStore: RequestHandler = (_req, res, next) => {
  res.setHeader('Cache-Control', 'no-store');
  next();
};
