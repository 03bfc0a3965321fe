import type { ErrorRequestHandler, Request, RequestHandler } from 'express';
import { CountersignError, httpStatusOfCode } from '../domain/error.ts';
import type { ErrorCode, FieldError } from '../domain/error.ts';
import { isUnavailable, sqlStateOf } from '../domain/unavailable.ts';
import { shownJson } from '../domain/shown-text.ts';
import { leftOutNote } from './caller.ts';
import { resourceMetadataPath, resourceOf } from './resource.ts';

/** An RFC 9457 problem, with our code and the fields at fault. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** This one occurrence (RFC 9457 §3.1.5): the URN of the answer's `X-Request-Id`. */
  readonly instance?: string;
  readonly code: ErrorCode;
  readonly errors?: readonly FieldError[];
  readonly [member: string]: unknown;
}

/**
 * The problem that an error becomes. An error that is not ours becomes `internal_error` without details.
 *
 * @param requestId - the request's UUID, under which the log has it
 */
export function problemOf(error: unknown, requestId?: string): Problem {
  const ours = asOurs(error);
  const { code, errors, extra } = ours;
  return {
    type: `/problems/${code}`,
    title: code.replaceAll('_', ' '),
    status: httpStatusOfCode[code],
    detail: detailOf(ours),
    ...(requestId === undefined ? {} : { instance: `urn:uuid:${requestId}` }),
    code,
    ...(errors.length > 0 ? { errors } : {}),
    ...extra,
  };
}

/** The detail that a stranger may read: nothing about how this side is built. */
function detailOf(error: CountersignError): string {
  const { code, message } = error;
  // Written for whoever reads the log and has to know that it was edited. Postgres' own words name its tables.
  if (code === 'bad_proof') return message;
  if (code === 'integrity_conflict' && sqlStateOf(error) === null) return message;
  if (httpStatusOfCode[code] === 500) return 'something went wrong on this side; the log has it';
  if (code === 'log_unavailable')
    return 'the database cannot be reached, or takes no writes; the same request later is safe';
  return message;
}

/** Answers errors as `application/problem+json`. */
export const problemHandler: ErrorRequestHandler = (error, req, res, next) => {
  if (res.headersSent) {
    next(error);
    return;
  }
  const requestId = res.getHeader('X-Request-Id');
  const found = problemOf(error, typeof requestId === 'string' ? requestId : undefined);
  const problem: Problem = { ...found, detail: `${found.detail}${leftOutNote(req, found.code)}` };
  if (problem.status >= 500) req.log.error({ err: error as Error, code: problem.code }, 'request failed');
  const challenge = challengeOf(problem, req);
  if (challenge !== null) res.setHeader('WWW-Authenticate', `Bearer realm="countersign"${challenge}`);
  if (problem.status === 503) res.setHeader('Retry-After', '5');
  const { retryAfter } = problem;
  if (typeof retryAfter === 'number') res.setHeader('Retry-After', String(retryAfter));
  res.status(problem.status).type('application/problem+json').send(shownJson(problem));
};

/** What a client needs to get a token that will do; null where another token would not help. */
function challengeOf(problem: Problem, req: Request): string | null {
  if (problem.code === 'stronger_authentication_needed') {
    // RFC 9470 §3, under our own status.
    const { acrValues, maxAgeSeconds } = problem;
    const acr = typeof acrValues === 'string' ? `, acr_values="${acrValues}"` : '';
    const age = typeof maxAgeSeconds === 'number' ? `, max_age="${maxAgeSeconds}"` : '';
    return `, error="insufficient_user_authentication"${acr}${age}`;
  }
  if (problem.status !== 401) return null;
  // RFC 6750 §3.1: the error is named only where a token was sent.
  const refused = req.headers.authorization === undefined ? '' : ', error="invalid_token"';
  const resource = resourceOf(req);
  const metadata = resource === null ? '' : `, resource_metadata="${resource}${resourceMetadataPath}"`;
  return `${refused}${metadata}`;
}

/** Answers paths that no route has. */
export const notFound: RequestHandler = () => {
  throw new CountersignError('not_found', 'there is nothing at this address');
};

/** Answers a known path under another method; OPTIONS gets the list of methods (RFC 9110 §9.3.7). */
export function methodNotAllowed(...methods: ('GET' | 'POST' | 'DELETE')[]): RequestHandler {
  const allowed = methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ');
  return (req, res) => {
    res.setHeader('Allow', allowed);
    if (req.method === 'OPTIONS') {
      res.status(204).end();
      return;
    }
    throw new CountersignError('method_not_allowed', `${req.method} is not among ${allowed}`);
  };
}

function asOurs(error: unknown): CountersignError {
  if (error instanceof CountersignError) return error;
  const { type, code, limit } = (error ?? {}) as { type?: unknown; code?: unknown; limit?: unknown };
  // body-parser's own words.
  if (type === 'entity.too.large') {
    const most = typeof limit === 'number' ? limit / 1024 : 64;
    return new CountersignError('body_too_large', `a body has at most ${most} KiB`);
  }
  if (type === 'entity.parse.failed') return new CountersignError('invalid_json', 'the body is not JSON');
  if (type === 'charset.unsupported' || type === 'encoding.unsupported') {
    return new CountersignError('unsupported_media_type', 'the body must be JSON in UTF-8');
  }
  // Of Express and its parts: a path that cannot be decoded, a length that is not kept, a broken compression.
  const { status } = (error ?? {}) as { status?: unknown };
  const theirs = typeof status === 'number' && status >= 400 && status < 500;
  if (theirs || error instanceof URIError || code === 'ERR_INVALID_URL') {
    return new CountersignError('invalid_request', 'the request is malformed', { cause: error });
  }
  // SQLSTATE class 22: a value that is well-formed here and none of Postgres' own.
  if (typeof code === 'string' && /^22...$/.test(code)) {
    return new CountersignError('invalid_request', 'the request has a value that cannot be looked for', {
      cause: error,
    });
  }
  if (isUnavailable(error)) {
    return new CountersignError('log_unavailable', 'the database cannot be reached', { cause: error });
  }
  return new CountersignError('internal_error', 'internal error', { cause: error });
}
