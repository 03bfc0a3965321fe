import { Router } from 'express';

/** A router of exactly these paths: `/V1/changes` is none of them. @param mergeParams - whether it sees those of its parent */
export function exactRouter({ mergeParams = false } = {}): Router {
  return Router({ mergeParams, caseSensitive: true, strict: true });
}
