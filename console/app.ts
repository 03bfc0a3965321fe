import express from 'express';
import type { Express, RequestHandler } from 'express';
import helmet from 'helmet';
import { noStore } from '../api/no-store.ts';
import { notFound, problemHandler } from '../api/problem.ts';
import { requestLog } from '../api/request-log.ts';
import type { ConsoleDependencies } from './dependencies.ts';
import { refusalOfFetch } from './fetch-metadata.ts';
import { forwardRoutes } from './forward.ts';
import { healthRoutes } from './health.ts';
import { pageRoutes } from './page.ts';
import { codecRoutes } from './codec.ts';
import { fetchMetadataOf, sessionRoutes } from './session-routes.ts';

/**
 * The console's app: no listening, no environment. It serves the page, keeps people's sessions, and forwards the API's calls
 * under `/api` with the person's token.
 */
export function createConsole(deps: ConsoleDependencies): Express {
  const { url } = deps;
  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', deps.trustProxy);
  app.set('query parser', 'simple');
  app.set('case sensitive routing', true);
  app.set('strict routing', true);
  app.use(secureHeaders(url));
  app.use(requestLog(deps.log, /^\/(healthz|readyz|assets\/)/));
  app.use(healthRoutes(deps));
  app.use(onlyAt(url));
  app.use(['/api', '/session'], noStore);
  app.use(sessionRoutes(deps));
  app.use('/codec', noStore, codecRoutes(deps));
  app.use('/api', onlyOwnFetch(url), forwardRoutes(deps));
  // What is not there is said in JSON to whoever fetches, and never by the shell.
  app.use(['/api', '/session', '/codec'], notFound);
  app.use(pageRoutes(deps.page));
  app.use(problemHandler);
  return app;
}

/** The page loads and asks for nothing but what is here, makes no script of text, and stands in no frame. */
function secureHeaders({ protocol }: URL): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'none'"],
        'script-src': ["'self'"],
        'style-src': ["'self'"],
        'img-src': ["'self'"],
        'connect-src': ["'self'"],
        'worker-src': ["'none'"],
        'base-uri': ["'none'"],
        'form-action': ["'none'"],
        'frame-ancestors': ["'none'"],
        'require-trusted-types-for': ["'script'"],
        'trusted-types': ["'none'"],
      },
    },
    strictTransportSecurity: protocol === 'https:' && { maxAge: 31_536_000, includeSubDomains: false },
    xFrameOptions: { action: 'deny' },
  });
}

/**
 * One origin: under another name, such as one that a page of elsewhere has given this address (DNS rebinding), there is nothing.
 * A whole address in the place of a path names a host, too, and is for proxies (RFC 9112 §3.2.2).
 */
function onlyAt({ host, origin }: URL): RequestHandler {
  return (req, res, next) => {
    if (req.headers.host === host && req.url.startsWith('/')) next();
    else res.status(421).type('text/plain; charset=utf-8').send(`The console is at ${origin}\n`);
  };
}

/** Refuses what the console's own page has not asked for. */
function onlyOwnFetch({ origin }: URL): RequestHandler {
  return (req, _res, next) => {
    const refusal = refusalOfFetch(fetchMetadataOf(req), origin);
    if (refusal) throw refusal;
    next();
  };
}
