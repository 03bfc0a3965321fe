import type { Agent, IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { proxyFor } from '../domain/proxy.ts';
import type { Environment } from './environment.ts';
import { proxyTarget, tunnelAgent } from './proxy-agent.ts';

/** How this process reaches others: the one setting of proxies for all of its clients. */
export interface WayOut {
  /** For the vendor's libraries. */
  readonly agentFor: (url: URL) => Agent | undefined;
  /** As Node's own, but through the proxies, and there without following redirects. */
  readonly fetch: typeof globalThis.fetch;
  /** Where the proxy is that an address is reached by, to be told; null where there is none. */
  readonly proxyOf: (url: string) => string | null;
}

/** The way out that `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` say. */
export function wayOut(env: Pick<Environment, 'HTTP_PROXY' | 'HTTPS_PROXY' | 'NO_PROXY'>): WayOut {
  const settings = {
    http: env.HTTP_PROXY ?? null,
    https: env.HTTPS_PROXY ?? null,
    none: env.NO_PROXY ?? '',
  };
  const agents = new Map<string, Agent>();
  const proxyTo = (url: URL) => {
    const found = proxyFor(url, settings);
    return found === null ? null : new URL(found);
  };
  const agentOf = (proxy: URL): Agent => {
    const agent = agents.get(proxy.href) ?? tunnelAgent(proxy);
    agents.set(proxy.href, agent);
    return agent;
  };
  return {
    agentFor(url) {
      const proxy = url.protocol === 'https:' ? proxyTo(url) : null;
      return proxy === null ? undefined : agentOf(proxy);
    },
    proxyOf: (url) => proxyTo(new URL(url))?.host ?? null,
    async fetch(input, init = {}) {
      if (input instanceof Request) throw new TypeError('expected an address');
      const url = new URL(input);
      const proxy = proxyTo(url);
      if (proxy === null) return globalThis.fetch(url, init);
      const { method = 'GET', headers, body, signal } = init;
      const sent = {
        method,
        headers: Object.fromEntries(new Headers(headers)),
        ...(signal ? { signal } : {}),
      };
      const answer = await new Promise<IncomingMessage>((resolve, reject) => {
        const request =
          url.protocol === 'https:'
            ? httpsRequest(url, { ...sent, agent: agentOf(proxy) })
            : forwarded(url, proxy, sent);
        request.once('response', resolve);
        request.once('error', (error) => reject((signal?.aborted ? signal.reason : error) as Error));
        request.end(body as string | Uint8Array | undefined);
      });
      return responseOf(answer, init.redirect);
    },
  };
}

/** What is in the clear anyway is asked of the proxy itself (RFC 9112 §3.2.2). */
function forwarded(url: URL, proxy: URL, sent: { headers: Record<string, string>; method: string }) {
  const { send, headers, ...where } = proxyTarget(proxy);
  return send({
    ...where,
    ...sent,
    path: url.href,
    headers: { ...sent.headers, ...headers, host: url.host },
  });
}

function responseOf(answer: IncomingMessage, redirect: RequestInit['redirect']): Response {
  const { statusCode: status = 502, headers } = answer;
  if (redirect === 'error' && status >= 300 && status < 400) {
    answer.destroy();
    throw new TypeError('the answer leads elsewhere');
  }
  const lists = Object.entries(headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((one): [string, string] => [name, one]),
  );
  const isEmpty = status === 204 || status === 205 || status === 304;
  if (isEmpty) answer.resume();
  const body = isEmpty ? null : (Readable.toWeb(answer) as ReadableStream<Uint8Array>);
  return new Response(body, { status, headers: lists });
}
