import type { RequestHandler } from 'express';
import { CountersignError } from '../domain/error.ts';

/** An escape of what needs none (RFC 3986 §2.3: letters, digits, `-._~`), or of a character that parts segments. */
const needless = /%(?:2[def]|3[0-9]|4[1-9a-f]|5[0-9acf]|6[1-9a-f]|7[0-9ae])/i;

/**
 * Whether a path is written in the one way that the routes are. A proxy in front may have rules for paths; what is written
 * otherwise (`/v1//changes`, `/v1/%63hanges`, a slash at the end) could be another path to it and the same one here. What a
 * URL makes of it has to be the same path: there a backslash is a slash, so `/v1/changes/x\..\..\tokens` is `/v1/tokens`.
 */
export function isPlainPath(path: string): boolean {
  const [first, ...segments] = path.split('/');
  if (path === '/') return true;
  return (
    first === '' &&
    segments.every((segment) => /^(?!\.{1,2}$)./s.test(segment)) &&
    !needless.test(path) &&
    URL.parse(`http://host.invalid${path}`)?.pathname === path
  );
}

/** Answers 404 to every other spelling of a path. The routes themselves distinguish upper and lower case. */
export const plainPath: RequestHandler = (req, _res, next) => {
  if (!isPlainPath(req.path)) throw new CountersignError('not_found', 'there is nothing at this address');
  next();
};
