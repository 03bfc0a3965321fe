import type { Request, Response, Router } from 'express';
import { exactRouter } from '../api/router.ts';
import { methodNotAllowed } from '../api/problem.ts';
import { CountersignError } from '../domain/error.ts';
import { cookiesIn, cookiesOf } from './cookies.ts';
import type { ConsoleDependencies } from './dependencies.ts';
import { refusalOfFetch, refusalOfLogin } from './fetch-metadata.ts';
import type { FetchMetadata } from './fetch-metadata.ts';
import { attemptWithinMs, openAttempt, sealAttempt } from './login-attempt.ts';
import { callbackPath } from './paths.ts';
import { LoginFailed } from './provider.ts';
import { returnPath } from './return-to.ts';
import { over } from './sessions.ts';

/** Attempts to log in that a browser may have open at once: each has a cookie. */
const mostAttempts = 5;

/** What a request says of where it comes from. */
export function fetchMetadataOf(req: Request): FetchMetadata {
  return {
    method: req.method,
    site: req.get('sec-fetch-site'),
    origin: req.get('origin'),
    mark: req.get('x-countersign'),
    contentType: req.get('content-type'),
    hasBody: req.headers['transfer-encoding'] !== undefined || Number(req.get('content-length') ?? 0) > 0,
  };
}

/** `/session`: who is logged in; logging in and out. */
export function sessionRoutes(deps: ConsoleDependencies): Router {
  const { url, sessions, provider, seal, stepUpAcrValues, onLogin, now = Date.now } = deps;
  const cookies = cookiesOf(url);
  const idIn = (req: Request) => cookiesIn(req.headers.cookie).get(cookies.session);
  const router = exactRouter();

  /** The page's own requests: it asks who is logged in, and logs them out. */
  const assertOwn = (req: Request) => {
    const refusal = refusalOfFetch(fetchMetadataOf(req), url.origin);
    if (refusal) throw refusal;
  };

  router
    .route('/session')
    .get(async (req, res) => {
      assertOwn(req);
      const session = await sessions.find(idIn(req), false);
      if (session === null) throw over();
      const { account, endsAt, idleAt } = session;
      res.json({ person: account, endsAt, idleAt });
    })
    .all(methodNotAllowed('GET'));

  router
    .route('/session/login')
    .get(async (req, res) => {
      const refusal = refusalOfLogin(req.get('sec-fetch-site'));
      if (refusal) throw refusal;
      const isStepUp = req.query.stepUp === '1';
      const maxAge = maxAgeOf(req.query.maxAge) ?? (isStepUp ? 0 : null);
      const acrValues = acrValuesOf(req.query.acrValues) ?? (isStepUp ? stepUpAcrValues : null);
      const attempt = {
        ...provider.secrets(),
        returnTo: returnPath(req.query.returnTo),
        maxAge,
        startedAt: now(),
        replaces: idIn(req) ?? null,
      };
      try {
        const where = await provider.loginUrl({ ...attempt, acrValues });
        for (const name of attemptsTooMany(req)) res.clearCookie(name, cookies.ofAttempt);
        res.cookie(cookies.attempt(attempt.state), sealAttempt(seal, attempt), {
          ...cookies.ofAttempt,
          maxAge: attemptWithinMs,
        });
        res.redirect(303, where.href);
      } catch (error) {
        fail(req, res, error, attempt.returnTo);
      }
    })
    .all(methodNotAllowed('GET'));

  router
    .route(callbackPath)
    .get(async (req, res) => {
      const { state } = req.query;
      const name = typeof state === 'string' ? cookies.attempt(state) : null;
      const attempt = name && openAttempt(seal, cookiesIn(req.headers.cookie).get(name), now());
      if (name !== null) res.clearCookie(name, cookies.ofAttempt);
      try {
        // Of another browser, begun too long ago, or come twice.
        if (!attempt) throw new LoginFailed('expired');
        const held = await provider.login(new URL(req.originalUrl, url), attempt);
        const id = await sessions.begin(held, attempt.replaces);
        res.cookie(cookies.session, id, cookies.ofSession);
        onLogin?.('done');
        res.redirect(303, new URL(attempt.returnTo, url).href);
      } catch (error) {
        fail(req, res, error, attempt ? attempt.returnTo : '/');
      }
    })
    .all(methodNotAllowed('GET'));

  router
    .route('/session/logout')
    .post(async (req, res) => {
      assertOwn(req);
      const ended = await sessions.end(idIn(req));
      res.clearCookie(cookies.session, cookies.ofSession);
      if (ended === null) {
        res.json({ location: null });
        return;
      }
      const [location] = await Promise.all([
        provider.logoutUrl(ended.tokens),
        provider.revoke(ended.tokens).catch((error: unknown) => {
          req.log.warn({ err: error as Error }, 'the provider did not revoke the tokens');
        }),
      ]);
      res.json({ location: location?.href ?? null });
    })
    .all(methodNotAllowed('POST'));

  /** Leads to the page that says why, and from where it was asked for. */
  function fail(req: Request, res: Response, error: unknown, returnTo: string): void {
    const reason = error instanceof LoginFailed ? error.reason : 'unavailable';
    onLogin?.(reason);
    req.log.warn({ err: error as Error, reason }, 'a login failed');
    const query = new URLSearchParams({ failed: reason, returnTo });
    res.redirect(303, `${url.origin}/login?${query.toString()}`);
  }

  /** Attempts that have to go so that another has room: what is none, and the oldest. */
  function attemptsTooMany(req: Request): string[] {
    const found = [...cookiesIn(req.headers.cookie)]
      .filter(([name]) => cookies.isAttempt(name))
      .map(([name, value]) => ({ name, startedAt: openAttempt(seal, value, now())?.startedAt ?? -Infinity }))
      .sort((a, b) => b.startedAt - a.startedAt);
    return found
      .filter(({ startedAt }, i) => i >= mostAttempts - 1 || startedAt === -Infinity)
      .map(({ name }) => name);
  }

  return router;
}

function maxAgeOf(value: unknown): number | null {
  if (value === undefined) return null;
  if (typeof value === 'string' && /^\d{1,6}$/.test(value)) return Number(value);
  throw malformed('maxAge', 'must be seconds');
}

function acrValuesOf(value: unknown): string | null {
  if (value === undefined) return null;
  if (typeof value === 'string' && /^[\x20-\x7e]{1,300}$/.test(value)) return value;
  throw malformed('acrValues', 'must be values of acr, with blanks between them');
}

function malformed(field: string, message: string): CountersignError {
  return new CountersignError('invalid_request', `${field}: ${message}`, {
    errors: [{ field, rule: 'format', message }],
  });
}
