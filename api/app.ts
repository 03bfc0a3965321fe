import { isUtf8 } from 'node:buffer';
import express from 'express';
import type { Express, RequestHandler } from 'express';
import { rateLimit } from 'express-rate-limit';
import helmet from 'helmet';
import swaggerUi from 'swagger-ui-dist';
import { CountersignError } from '../domain/error.ts';
import { repeatedMember } from '../domain/repeated-member.ts';
import { shownJson, shownText } from '../domain/shown-text.ts';
import { describeOperations } from '../operations/describe.ts';
import { beyondShape } from './body-shape.ts';
import type { BodyShape } from './body-shape.ts';
import { authenticate, callerOf } from './caller.ts';
import type { ApiDependencies } from './dependencies.ts';
import { makeFailureLimit } from './failure-limit.ts';
import { noStore } from './no-store.ts';
import { openApiDocument } from './openapi.ts';
import { plainPath } from './plain-path.ts';
import { methodNotAllowed, notFound, problemHandler } from './problem.ts';
import { requestLog } from './request-log.ts';
import { makeAuditReading } from './audit-reading.ts';
import { allowOrigin, temporalUiHeaders } from './cors.ts';
import { auditRoutes } from './routes/audit.ts';
import { changeRoutes } from './routes/changes.ts';
import { eventRoutes } from './routes/events.ts';
import { contractRoutes } from './routes/contract.ts';
import { calendarRoutes } from './routes/calendar.ts';
import { freezeRoutes } from './routes/freezes.ts';
import { healthRoutes } from './routes/health.ts';
import { inboundRoutes } from './routes/inbound.ts';
import { meRoutes } from './routes/me.ts';
import { traceCalls } from './trace.ts';
import { payloadRoutes } from './routes/payloads.ts';
import { policyExplanationRoutes } from './routes/policy-explanations.ts';
import { policyRevocationRoutes } from './routes/policy-revocations.ts';
import { protectedResourceRoutes } from './routes/protected-resource.ts';
import { statisticsRoutes } from './routes/statistics.ts';
import { subscriptionRoutes } from './routes/subscriptions.ts';
import { tokenRoutes } from './routes/tokens.ts';
import { requestRoutes } from './routes/requests.ts';
import { docsPage, docsScript } from './docs-page.ts';

const bodyLimit = '64kb';
/** A payload of Temporal's has at most 2 MB, a third more in base64. */
const payloadsLimit = '4mb';
/** A thousand payloads have some eight thousand values. */
const payloadsShape = { depth: 16, values: 20_000 };
const writes = ['POST', 'PUT', 'PATCH', 'DELETE'];
/** A POST that writes nothing: a form that asks often must not use up what its author may write. */
const explanations = '/policy-explanations';

/** The Express app: no listening, no environment. Everything under `/v1` but `/v1/inbound` needs a bearer token. */
export function createApp(deps: ApiDependencies): Express {
  const app = express();
  const document = openApiDocument(deps.operations);
  app.disable('x-powered-by');
  app.set('trust proxy', deps.trustProxy ?? 0);
  app.set('query parser', 'simple');
  app.set('case sensitive routing', true);
  app.set('strict routing', true);
  app.use(traceCalls);
  app.use(plainJson);
  app.use(secureHeaders({ 'default-src': ["'none'"] }));
  app.use(requestLog(deps.log, /^\/(healthz|readyz|metrics)/));

  app.use(plainPath);
  app.use(healthRoutes(deps));
  app.use(protectedResourceRoutes(deps));
  app
    .route('/openapi.json')
    .get((_req, res) => void res.json(document))
    .all(methodNotAllowed('GET'));
  // The page of files served from here; Swagger UI sets styles and draws its icons from data: URLs.
  const page = { 'default-src': ["'self'"], 'style-src': ["'self'", "'unsafe-inline'"] };
  app.use('/docs', secureHeaders({ ...page, 'img-src': ["'self'", 'data:'] }));
  app.get('/docs', docsPage);
  app.get('/docs/start.js', docsScript);
  app.use('/docs', express.static(swaggerUi.getAbsoluteFSPath(), { index: false }));

  // Signed by the systems that send: no bearer token, and no JSON before the signature was verified.
  app.use('/v1/inbound', noStore, inboundRoutes(deps));
  const byToken = authenticate(deps.tokens, makeFailureLimit(deps.refusedTokensPerMinute ?? 60, deps.now));
  // Asked by a page of another origin, in bodies that are longer than any other's.
  app.use(
    '/v1/payloads/decode',
    noStore,
    allowOrigin(deps.temporalUi ?? null, temporalUiHeaders, { credentials: false }),
    byToken,
    personLimit(deps.decodesPerMinute ?? 120, ['POST']),
    jsonOnly,
    jsonBody(payloadsLimit, payloadsShape),
    payloadRoutes(deps, makeAuditReading(deps)),
  );
  app.use(
    '/v1',
    noStore,
    byToken,
    personLimit(deps.writesPerMinute ?? 120, writes, explanations),
    jsonOnly,
    jsonBody(bodyLimit),
  );
  app.use('/v1/changes', changeRoutes(deps), requestRoutes(deps), eventRoutes(deps));
  app.use('/v1/freezes', freezeRoutes(deps));
  app.use('/v1/policy-revocations', policyRevocationRoutes(deps));
  app.use('/v1/audit', auditRoutes(deps));
  app.use('/v1/subscriptions', subscriptionRoutes(deps));
  app.use('/v1/contract', contractRoutes(deps));
  app.use('/v1/me', meRoutes(deps));
  app.use('/v1/statistics', statisticsRoutes(deps));
  app.use('/v1/calendar', calendarRoutes(deps));
  app.use(
    `/v1${explanations}`,
    personLimit(deps.explanationsPerMinute ?? 120, ['POST']),
    policyExplanationRoutes(deps),
  );
  app.use('/v1/tokens', personLimit(deps.tokensPerMinute ?? 10, ['POST']), tokenRoutes(deps));
  app
    .route('/v1/operations')
    .get((_req, res) => {
      res.json({ items: describeOperations(deps.operations) });
    })
    .all(methodNotAllowed('GET'));
  app.use(notFound);
  app.use(problemHandler);
  return app;
}

/** Helmet's headers with a content security policy of nothing but these sources. */
function secureHeaders(sources: Record<string, string[]>): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        ...sources,
        'base-uri': ["'none'"],
        'form-action': ["'none'"],
        'frame-ancestors': ["'none'"],
      },
    },
  });
}

/** Answers are read in terminals, too: text that people wrote must not control them. */
const plainJson: RequestHandler = (_req, res, next) => {
  res.json = (value: unknown) => res.type('application/json').send(shownJson(value));
  next();
};

/** A body is JSON or is not read at all. */
const jsonOnly: RequestHandler = (req, _res, next) => {
  const hasBody =
    req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0;
  if (hasBody && !req.is('application/json')) {
    throw new CountersignError('unsupported_media_type', 'the body must be application/json');
  }
  next();
};

/** Any JSON: the schemas say that it must be an object. */
const jsonBody = (limit: string, shape?: BodyShape) =>
  express.json({
    limit,
    strict: false,
    // A lenient decoder would turn a broken byte into U+FFFD, and so a name into another one.
    verify: (req, _res, bytes, charset) => {
      // The parser would make an object of nothing.
      if (bytes.length === 0 && req.method === 'POST') {
        throw new CountersignError('invalid_request', 'the body is empty');
      }
      if (charset !== 'utf-8')
        throw new CountersignError('unsupported_media_type', 'the body must be in UTF-8');
      if (!isUtf8(bytes)) throw new CountersignError('invalid_json', 'the body is not UTF-8');
      const beyond = shape ? beyondShape(bytes, shape) : null;
      if (beyond !== null) throw new CountersignError('body_too_large', `the body has ${beyond}`);
      // The parser would take the second member, and people may have read the first.
      const twice = repeatedMember(bytes.toString('utf8'));
      if (twice === null) return;
      throw new CountersignError('invalid_json', `the body has ${shownText(twice)} twice`, {
        errors: [{ field: twice, rule: 'once', message: 'must be given once' }],
      });
    },
  });

/** Limits the calls of one person in a minute, for these methods, but for a path with a limit of its own. */
function personLimit(perMinute: number, methods: readonly string[], otherwise?: string): RequestHandler {
  return rateLimit({
    windowMs: 60_000,
    limit: perMinute,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    skip: (req) => !methods.includes(req.method) || req.path === otherwise,
    keyGenerator: (req) => {
      const { issuer, subject } = callerOf(req).person;
      return JSON.stringify([issuer, subject]);
    },
    handler: () => {
      throw new CountersignError('rate_limited', 'too many of these calls; wait a minute');
    },
  });
}
