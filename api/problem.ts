import type { ErrorRequestHandler, RequestHandler } from 'express';
import type { Logger } from 'pino';
import { CountersignError, httpStatusOfCode } from '../domain/error.ts';
import type { ErrorCode, FieldError } from '../domain/error.ts';

/** An RFC 9457 problem, with our code and the fields at fault. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly errors?: readonly FieldError[];
  readonly [member: string]: unknown;
}

/** The problem that an error becomes. What is not ours becomes `internal_error` and tells nothing. */
export function problemOf(error: unknown): Problem {
  const ours = asOurs(error);
  const { code, message, errors, extra } = ours;
  return {
    type: `/problems/${code}`,
    title: code.replaceAll('_', ' '),
    status: httpStatusOfCode[code],
    detail: code === 'internal_error' ? 'something went wrong on this side; the log has it' : message,
    code,
    ...(errors.length > 0 ? { errors } : {}),
    ...extra,
  };
}

/** Answers errors as `application/problem+json`. */
export function problemHandler(log: Logger): ErrorRequestHandler {
  return (error, req, res, next) => {
    if (res.headersSent) return next(error);
    const problem = problemOf(error);
    if (problem.status >= 500)
      (req.log ?? log).error({ err: error as Error, code: problem.code }, 'request failed');
    if (problem.status === 401) res.setHeader('WWW-Authenticate', 'Bearer realm="countersign"');
    if (problem.status === 503) res.setHeader('Retry-After', '5');
    res.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
  };
}

/** For what no route knows. */
export const notFound: RequestHandler = () => {
  throw new CountersignError('not_found', 'there is nothing at this address');
};

/** For a known address under another method. */
export function methodNotAllowed(...allowed: string[]): RequestHandler {
  return (req, res) => {
    res.setHeader('Allow', allowed.join(', '));
    throw new CountersignError('method_not_allowed', `${req.method} is not among ${allowed.join(', ')}`);
  };
}

function asOurs(error: unknown): CountersignError {
  if (error instanceof CountersignError) return error;
  const { type, code } = (error ?? {}) as { type?: unknown; code?: unknown };
  // body-parser's own words.
  if (type === 'entity.too.large') return new CountersignError('body_too_large', 'a body has at most 64 KiB');
  if (type === 'entity.parse.failed') return new CountersignError('invalid_json', 'the body is not JSON');
  if (type === 'charset.unsupported' || type === 'encoding.unsupported') {
    return new CountersignError('unsupported_media_type', 'the body must be JSON in UTF-8');
  }
  if (error instanceof URIError || type === 'request.size.invalid' || type === 'request.aborted') {
    return new CountersignError('invalid_request', 'the request is malformed');
  }
  if (
    typeof code === 'string' &&
    (/^(08|57|53)/.test(code) || /^(ECONN|ENOTFOUND|ETIMEDOUT|EPIPE)/.test(code))
  ) {
    return new CountersignError('log_unavailable', 'the database cannot be reached', { cause: error });
  }
  const message = error instanceof Error ? error.message : '';
  if (/timeout exceeded when trying to connect|Connection terminated|Query read timeout/.test(message)) {
    return new CountersignError('log_unavailable', 'the database cannot be reached', { cause: error });
  }
  return new CountersignError('internal_error', 'internal error', { cause: error });
}
