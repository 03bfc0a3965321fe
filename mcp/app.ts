import express from 'express';
import type { Express, Request, RequestHandler } from 'express';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import helmet from 'helmet';
import type { Logger } from 'pino';
import { noStore } from '../api/no-store.ts';
import { methodNotAllowed, notFound, problemHandler } from '../api/problem.ts';
import { requestLog } from '../api/request-log.ts';
import type { ApiClient } from '../client/api-client.ts';
import { CountersignError } from '../domain/error.ts';
import { agentApi } from './agent-api.ts';
import { bearerIn, refusalOfPlace } from './request-rules.ts';
import { createMcpServer } from './server.ts';

/** Where clients find the server. */
export const mcpPath = '/mcp';

/** As the API has it. */
const bodyLimit = '64kb';

/** Who asks. */
const clients = new WeakMap<Request, Pick<ApiClient, 'send'>>();

/** What the HTTP server is made of. */
export interface McpAppDependencies {
  /** The address that clients have it at, an origin. */
  readonly url: URL;
  /** The values of `Host` that it answers under. */
  readonly hosts: readonly string[];
  /** A client of the API that shows a token, for whoever asks from an address. */
  readonly clientFor: (token: string, address: string | undefined) => Pick<ApiClient, 'send'>;
  /** Who issues the tokens that the API takes. @throws CountersignError `engine_unavailable` */
  readonly issuers: () => Promise<readonly string[]>;
  readonly version: string;
  readonly log: Logger;
  /** How many proxies stand in front of it. */
  readonly trustProxy: number;
  /** How many calls it works on at once, those that wait for news among them. */
  readonly mostAtOnce: number;
}

/**
 * The Model Context Protocol over streamable HTTP, without sessions: each POST has its own server and its own token, which the
 * API verifies before anything else is done with the message. Nothing is kept between two of them.
 */
export function createMcpApp(deps: McpAppDependencies): Express {
  const { url, hosts, issuers, log } = deps;
  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', deps.trustProxy);
  app.set('case sensitive routing', true);
  app.set('strict routing', true);
  app.use(helmet({ strictTransportSecurity: url.protocol === 'https:' }));
  app.use(requestLog(log, /^\/healthz/));
  app.get('/healthz', (_req, res) => res.json({ status: 'ok' }));
  app.use(noStore, onlyHere(hosts));
  const metadata: RequestHandler = async (_req, res) => {
    res.json({
      resource: `${url.origin}${mcpPath}`,
      authorization_servers: await issuers(),
      bearer_methods_supported: ['header'],
      resource_name: 'Countersign',
    });
  };
  // RFC 9728 §3.1; the first is the one that a challenge names.
  const places = ['/.well-known/oauth-protected-resource', `/.well-known/oauth-protected-resource${mcpPath}`];
  app.route(places).get(metadata).all(methodNotAllowed('GET'));
  app
    .route(mcpPath)
    .post(atMost(deps.mostAtOnce), authenticate(deps), express.json({ limit: bodyLimit }), answer(deps))
    .all(methodNotAllowed('POST'));
  app.use(notFound);
  app.use(problemHandler);
  return app;
}

function onlyHere(hosts: readonly string[]): RequestHandler {
  return (req, _res, next) => {
    const refusal = refusalOfPlace(req.headers, hosts);
    if (refusal) throw refusal;
    next();
  };
}

/** Answers 503 to whoever comes while so many are being answered. */
function atMost(most: number): RequestHandler {
  let open = 0;
  return (_req, res, next) => {
    if (open >= most)
      throw new CountersignError('engine_busy', 'too many calls at once; come back in a moment');
    open += 1;
    res.once('close', () => (open -= 1));
    next();
  };
}

/** Asks the API whose token it is, before anything is read of the message. */
function authenticate({ clientFor }: McpAppDependencies): RequestHandler {
  return async (req, _res, next) => {
    const client = clientFor(bearerIn(req.headers.authorization), req.ip);
    // A client gets another token on 401 alone, so a token that is over must not come back as a tool's error.
    await client.send('GET', '/v1/me');
    clients.set(req, client);
    next();
  };
}

function answer({ version }: McpAppDependencies): RequestHandler {
  return async (req, res) => {
    const client = clients.get(req);
    if (client === undefined) throw new CountersignError('unauthenticated', 'a bearer token is needed');
    const message = messageIn(req);
    const transport = new StreamableHTTPServerTransport();
    const server = createMcpServer({
      api: agentApi(client),
      version,
      onError: (error) => req.log.error({ err: error as Error }, 'a tool failed'),
    });
    // Whoever has left waits for nothing more.
    res.once('close', () => void server.close());
    await server.connect(transport);
    await transport.handleRequest(req, res, message);
  };
}

/** One message: of several in one body, each could wait as long as it may. */
function messageIn(req: Request): object {
  const body: unknown = req.body;
  if (body !== null && typeof body === 'object' && !Array.isArray(body)) return body;
  throw new CountersignError('invalid_request', 'the body must be one JSON-RPC message');
}
