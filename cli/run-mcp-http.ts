import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { InvalidArgumentError } from 'commander';
import { CountersignError } from '../domain/error.ts';
import { isLoopback } from '../domain/loopback.ts';
import { createMcpApp, mcpPath } from '../mcp/app.ts';
import { apiClient } from '../client/api-client.ts';
import { apiUrl } from './running-stack.ts';
import type { Caller } from './caller.ts';
import type { Environment } from './environment.ts';
import { ownOrigin } from './own-origin.ts';
import { makeLog, untilStopped } from './process.ts';
import { ownVersion } from './version.ts';
import { wayOut } from './way-out.ts';

const mostAtOnce = 200;

/** The Model Context Protocol over HTTP. It has no token of its own: each request brings the one that the API is shown. */
export async function runMcpHttp(env: Environment, { as, mfa }: Caller): Promise<void> {
  if (as !== undefined || mfa === true) {
    throw new InvalidArgumentError('--http: each request says by its own token who asks; leave --as out');
  }
  const log = makeLog('mcp', env);
  const api = await apiUrl(env);
  const url = ownOrigin('MCP_URL', env, env.MCP_PORT);
  const { fetch } = wayOut(env);
  const app = createMcpApp({
    url,
    hosts: hostsOf(env, url),
    clientFor: (token, address) =>
      apiClient(api, token, (input, init = {}) => {
        const headers = new Headers(init.headers);
        headers.set('user-agent', 'countersign-mcp');
        // Refused tokens count for the address that has sent them.
        if (address !== undefined) headers.set('x-forwarded-for', address);
        return fetch(input, { ...init, headers });
      }),
    async issuers() {
      const answer = await fetch(`${api}/.well-known/oauth-protected-resource`).catch((cause: unknown) => {
        throw new CountersignError('api_unavailable', 'the API cannot be reached', { cause });
      });
      if (!answer.ok)
        throw new CountersignError('api_unavailable', 'the API does not say who issues its tokens');
      return ((await answer.json()) as { authorization_servers: string[] }).authorization_servers;
    },
    version: ownVersion(),
    log,
    trustProxy: env.COUNTERSIGN_TRUST_PROXY,
    mostAtOnce,
  });
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 15_000 }, app);
  await new Promise<void>((listens, failed) => {
    server.once('error', failed);
    server.listen(env.MCP_PORT, env.HOST, listens);
  });
  const { address, port } = server.address() as AddressInfo;
  log.info({ address, port, url: `${url.origin}${mcpPath}` }, 'mcp listens');
  await untilStopped();
  const closed = new Promise((done) => server.close(done));
  // Whoever waits for news asks again.
  setTimeout(() => server.closeAllConnections(), 3000).unref();
  await closed;
}

/**
 * Under which names it answers: the one that clients have, and on loopback those of this machine.
 *
 * @throws CountersignError `invalid_configuration` where others can reach it and nothing says under which name
 */
function hostsOf({ HOST, MCP_PORT, MCP_URL }: Environment, url: URL): string[] {
  const isLocal = isLoopback(HOST) || HOST === '::1';
  if (!isLocal && MCP_URL === undefined) {
    throw new CountersignError(
      'invalid_configuration',
      `MCP_URL: must be set where HOST is not on loopback`,
      {
        errors: [
          { field: 'MCP_URL', rule: 'required', message: 'must be set where HOST is not on loopback' },
        ],
      },
    );
  }
  const local = ['localhost', '127.0.0.1', '[::1]'].map((name) => `${name}:${MCP_PORT}`);
  return [...new Set([url.host, ...(isLocal ? local : [])])];
}
