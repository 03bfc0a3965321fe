import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import express from 'express';
import type { Request, RequestHandler, Response as Answer } from 'express';
import { exactRouter } from '../api/router.ts';
import { isPlainPath } from '../api/plain-path.ts';
import { CountersignError } from '../domain/error.ts';
import { cookiesIn, cookiesOf } from './cookies.ts';
import type { ConsoleDependencies } from './dependencies.ts';
import { isForwarded } from './forwarded-calls.ts';
import { over } from './sessions.ts';
import type { Session } from './sessions.ts';

/** As the API has it. */
const bodyLimit = '64kb';
/** Longer than any deadline of the API's, ms. */
const answerWithinMs = 30_000;

/** What the API is told of a request: no cookie, and nothing else that a browser sends by itself. */
const sentHeaders = ['accept', 'content-type', 'idempotency-key', 'last-event-id', 'x-namespace'];

/** What the browser is told of an answer: no cookie, and nothing about how to reach the API. */
const answeredHeaders = [
  'allow',
  'cache-control',
  'content-disposition',
  'content-type',
  'etag',
  'ratelimit',
  'ratelimit-policy',
  'retry-after',
  'x-accel-buffering',
];

/** Of errors of a connection: nothing was sent. */
const notSent = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT)$/;

/** `/v1/…`: the API's calls, with the person's token in place of the cookie. */
export function forwardRoutes(deps: ConsoleDependencies): RequestHandler {
  const { url, sessions, onForwarded, streamCheckMs = 15_000 } = deps;
  const cookies = cookiesOf(url);
  const router = exactRouter();
  router.use((req, _res, next) => {
    if (!isPlainPath(req.path) || !isForwarded(req.method, req.path)) {
      throw new CountersignError('not_found', 'the console forwards no such call');
    }
    next();
  });
  router.use(express.raw({ type: () => true, limit: bodyLimit }), async (req, res) => {
    const leaving = new AbortController();
    res.once('close', () => leaving.abort());
    // What the page asks for by itself, such as a list again, keeps no session alive.
    const isUse = req.get('x-countersign') !== 'background';
    const session = await sessions.find(cookiesIn(req.headers.cookie).get(cookies.session), isUse);
    if (session === null) throw over();
    const answer = await askApi(deps, req, req.url, session, leaving.signal);
    onForwarded?.(answer.status);
    copyHead(answer, res);
    if (answer.body === null) {
      res.end();
      return;
    }
    const isStream = /^text\/event-stream/.test(answer.headers.get('content-type') ?? '');
    const watch = isStream ? setInterval(() => void check(), streamCheckMs) : undefined;
    /** Whoever has logged out, or was logged out, hears nothing more. */
    const check = async () => {
      const holds = await sessions.holds(session).catch(() => true);
      if (!holds) leaving.abort();
    };
    res.flushHeaders();
    const body = Readable.fromWeb(answer.body as ReadableStream<Uint8Array>);
    try {
      await pipeline(body, res);
    } catch (error) {
      // The browser has left, or the API ended in the middle: the answer is cut off, and its reader sees that.
      req.log.debug({ err: error as Error }, 'an answer was cut off');
      // A pipeline that finds its end closed leaves its source open, and nobody hears of that one's error.
      body.destroy();
      res.destroy();
    } finally {
      clearInterval(watch);
    }
  });
  return router;
}

/**
 * Asks the API in the name of a session.
 *
 * It is asked once more with another token where it does not take the first: then it has done nothing.
 *
 * @param path - the API's, with its query
 */
export async function askApi(
  deps: ConsoleDependencies,
  req: Request,
  path: string,
  session: Session,
  leaving: AbortSignal,
): Promise<Response> {
  const token = await deps.sessions.accessToken(session);
  const answer = await send(deps, req, path, token, leaving);
  if (answer.status !== 401) return answer;
  await answer.body?.cancel();
  return send(deps, req, path, await deps.sessions.accessToken(session, token), leaving);
}

async function send(
  { apiUrl }: ConsoleDependencies,
  req: Request,
  path: string,
  token: string,
  leaving: AbortSignal,
): Promise<Response> {
  const headers = new Headers({
    authorization: `Bearer ${token}`,
    // The answer is passed on as it comes.
    'accept-encoding': 'identity',
    'user-agent': 'countersign-console',
    // The person's address, and not what a browser claims that it is.
    ...(req.ip === undefined ? {} : { 'x-forwarded-for': req.ip }),
  });
  for (const name of sentHeaders) {
    const value = req.get(name);
    if (value !== undefined) headers.set(name, value);
  }
  // A GET has none that means anything (RFC 9110 §9.3.1), and none can be sent with it.
  const hasBody = req.method !== 'GET' && Buffer.isBuffer(req.body) && req.body.length > 0;
  const body = hasBody ? new Uint8Array(req.body as Buffer) : null;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), answerWithinMs);
  try {
    return await fetch(`${apiUrl.replace(/\/+$/, '')}${path}`, {
      method: req.method,
      headers,
      body,
      redirect: 'error',
      signal: AbortSignal.any([leaving, late.signal]),
    });
  } catch (cause) {
    throw lost(req.method, cause);
  } finally {
    clearTimeout(timer);
  }
}

function lost(method: string, cause: unknown): CountersignError {
  const { code } = ((cause as Error).cause ?? {}) as { code?: unknown };
  if (method === 'GET' || (typeof code === 'string' && notSent.test(code))) {
    return new CountersignError('api_unavailable', 'the API cannot be reached', { cause });
  }
  const message = 'the API gave no answer: whether it was done is not known; look again';
  return new CountersignError('outcome_not_known', message, { cause });
}

/** Tells the browser of an answer what it may know. */
export function copyHead(answer: Response, res: Answer): void {
  res.status(answer.status);
  for (const name of answeredHeaders) {
    const value = answer.headers.get(name);
    if (value !== null) res.setHeader(name, value);
  }
  // Of bytes that somebody between here and the API has packed it would be another one.
  const length = answer.headers.get('content-length');
  if (length !== null && !answer.headers.has('content-encoding')) res.setHeader('Content-Length', length);
  // Under which the API's log has it.
  const requestId = answer.headers.get('x-request-id');
  if (requestId !== null) res.setHeader('X-Request-Id', requestId);
  const location = answer.headers.get('location');
  if (location?.startsWith('/v1/')) res.setHeader('Location', `/api${location}`);
}
