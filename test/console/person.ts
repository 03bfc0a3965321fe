import { request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';

/** What a person's browser sends beside an address. */
export interface Asked {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  /** From where it is asked for, as browsers say it (`Sec-Fetch-Site`); null for a browser that does not. */
  readonly site?: 'same-origin' | 'same-site' | 'cross-site' | 'none' | null;
  /** Another port of this machine than the console's address has: that of a replica behind the same name. */
  readonly port?: number;
}

/** What it is answered. */
export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Where it leads, whole. */
  readonly location: string | null;
}

interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
  readonly strict: boolean;
}

/** The browser of one person: it keeps cookies as browsers do, by host and not by port, and Strict ones to their own site. */
export function makePerson(console: URL) {
  const kept = new Map<string, Cookie[]>();

  function keep(url: URL, lines: readonly string[]): void {
    for (const line of lines) {
      const [pair = '', ...attributes] = line.split('; ');
      const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
      const attribute = (wanted: string) =>
        attributes.find((one) => one.toLowerCase().startsWith(`${wanted}=`))?.slice(wanted.length + 1);
      const path = attribute('path') ?? '/';
      const rest = (kept.get(url.hostname) ?? []).filter((c) => c.name !== name || c.path !== path);
      const expires = attribute('expires');
      const isGone = expires !== undefined && Date.parse(expires) <= Date.now();
      const strict = attribute('samesite')?.toLowerCase() === 'strict';
      kept.set(url.hostname, isGone ? rest : [...rest, { name, value, path, strict }]);
    }
  }

  /** The header of what a request brings along. */
  function cookiesFor(url: URL, site: Asked['site']): string {
    return (kept.get(url.hostname) ?? [])
      .filter(({ path, strict }) => url.pathname.startsWith(path) && (!strict || site !== 'cross-site'))
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ');
  }

  /** One request; redirects are not followed. */
  function ask(address: string, asked: Asked = {}): Promise<Answered> {
    const { method = 'GET', headers = {}, body, site = 'same-origin', port } = asked;
    const url = new URL(address, console);
    const cookie = cookiesFor(url, site);
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          host: '127.0.0.1',
          port: (url.host === console.host ? port : undefined) ?? url.port,
          path: `${url.pathname}${url.search}`,
          method,
          agent: false,
          headers: {
            host: url.host,
            ...(cookie === '' ? {} : { cookie }),
            ...(site === null ? {} : { 'sec-fetch-site': site }),
            ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
            ...headers,
          },
        },
        (answer) => {
          let text = '';
          answer.setEncoding('utf8');
          answer.on('data', (chunk: string) => (text += chunk));
          answer.on('error', reject);
          answer.on('end', () => {
            keep(url, answer.headers['set-cookie'] ?? []);
            const { location } = answer.headers;
            resolve({
              status: answer.statusCode ?? 0,
              headers: answer.headers,
              text,
              location: location === undefined ? null : new URL(location, url).href,
            });
          });
        },
      );
      sent.once('error', reject);
      sent.end(body);
    });
  }

  /** Goes where a page leads, over redirects, until something is shown. */
  async function visit(address: string, asked: Asked = {}): Promise<Answered & { readonly url: string }> {
    let url = new URL(address, console);
    let { site = 'same-origin' } = asked;
    let answer = await ask(url.href, { ...asked, site });
    for (let hops = 0; answer.location !== null && hops < 10; hops++) {
      const next = new URL(answer.location);
      // A chain that led over another site stays cross-site to its end.
      if (next.origin !== url.origin) site = 'cross-site';
      url = next;
      answer = await ask(url.href, { site, ...(asked.port === undefined ? {} : { port: asked.port }) });
    }
    return { ...answer, url: url.href };
  }

  /** What the console's page asks for by itself. */
  async function api(path: string, asked: Asked & { readonly json?: unknown } = {}) {
    const { json, headers, ...rest } = asked;
    const body = json === undefined ? rest.body : JSON.stringify(json);
    const method = rest.method ?? (body === undefined ? 'GET' : 'POST');
    const answer = await ask(path, {
      ...rest,
      method,
      headers: {
        ...(method === 'GET' ? {} : { 'x-countersign': '1' }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
    });
    const isJson = /json/.test(answer.headers['content-type'] ?? '');
    return { ...answer, body: (isJson ? JSON.parse(answer.text) : {}) as Record<string, unknown> };
  }

  return {
    ask,
    visit,
    api,
    /** Begins to log in: what the provider shows. */
    beginLogin: (query = '', asked: Asked = {}) => visit(`/session/login${query}`, asked),
    /** Says on the provider's page who it is; ends where that leads. The provider may know the person, and not ask. */
    async choose(page: Answered & { readonly url: string }, user: string, more = '', asked: Asked = {}) {
      if (new URL(page.url).origin === console.origin) return page;
      const answer = await ask(page.url, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: `user=${user}${more}`,
      });
      if (answer.location === null) throw new Error(`the provider answered ${answer.status}: ${answer.text}`);
      return visit(answer.location, { ...asked, site: 'cross-site' });
    },
    /** The value of a cookie of the console. */
    cookie: (name: string) => kept.get(console.hostname)?.find((c) => c.name === name)?.value ?? null,
    cookieNames: () => (kept.get(console.hostname) ?? []).map(({ name }) => name),
    /** As somebody who can write cookies would. */
    plant: (name: string, value: string) => keep(console, [`${name}=${value}; Path=/; SameSite=Strict`]),
    /** Everything that a browser forgets when it is closed for good. */
    forget: (hostname: string) => kept.delete(hostname),
  };
}
