import { AsyncLocalStorage } from 'node:async_hooks';
import type { Agent } from 'node:http';
import { createRequire } from 'node:module';

/** The agent whose connections reach an address, or undefined where it is reached as usual. */
export type AgentFor = (url: URL) => Agent | undefined;

/** What the vendor's libraries send everything with. */
interface Httpx {
  request(url: string, options: object): unknown;
}

const route = new AsyncLocalStorage<AgentFor>();

// The libraries take settings for a proxy and use none of them, and make agents of their own. Each finds httpx by itself.
const own = createRequire(import.meta.url);
const fromCore = createRequire(own.resolve('@alicloud/openapi-core'));
const fromDarabonba = createRequire(fromCore.resolve('@darabonba/typescript'));
const fromCredentials = createRequire(own.resolve('@alicloud/credentials'));
const copies = [fromDarabonba, fromCredentials].map((find) => find('httpx') as Httpx);
for (const httpx of new Set(copies)) {
  const request = httpx.request.bind(httpx);
  httpx.request = (url, options) => {
    const agent = route.getStore()?.(new URL(url));
    return request(url, agent === undefined ? options : { ...options, agent });
  };
}

/** Does something in which the vendor's libraries reach addresses by these agents. */
export function byRoute<T>(agentFor: AgentFor | undefined, work: () => T): T {
  return agentFor === undefined ? work() : route.run(agentFor, work);
}
