import type { Pool } from 'pg';
import { CountersignError } from '../domain/error.ts';
import type { Integrations, SystemSettings } from '../tickets/integrations.ts';
import type { FileSubscription } from '../tickets/outbox/keep-file-subscriptions.ts';
import type { Receiver, SinkOf } from '../tickets/outbox/receiver.ts';
import type { Sink } from '../tickets/sink.ts';
import type { GuardedFetch } from '../tickets/webhook/guarded-fetch.ts';
import { makeGuardedFetch } from '../tickets/webhook/guarded-fetch.ts';
import { makeProxiedFetch } from '../tickets/webhook/proxied-fetch.ts';
import { keyOf } from '../tickets/webhook/sign.ts';
import { makeWebhookSink } from '../tickets/webhook/sink.ts';
import type { Environment } from './environment.ts';
import { readSecret } from './secret-file.ts';
import { wayOut } from './way-out.ts';

/** What sinks of systems are made with. */
export interface SinkDependencies {
  /** Of this process's login: it reads the log, and appends the entries that are the deliverer's. */
  readonly pool: Pool;
  readonly fetch: typeof globalThis.fetch;
  /** Where a change is at the API, for people; null where COUNTERSIGN_URL is not set. */
  readonly linkOf: (changeId: string) => string | null;
  /** The secret of a file. @throws CountersignError `invalid_configuration` */
  readonly secret: (file: string) => Promise<string>;
}

type MakeSink<K extends SystemSettings['kind']> = (
  name: string,
  settings: Extract<SystemSettings, { kind: K }>,
  deps: SinkDependencies,
) => Sink | Promise<Sink>;

/** What brings entries to each kind of system. A kind that is not here is refused at the start. */
const makers: { readonly [K in SystemSettings['kind']]?: MakeSink<K> } = {};

/** What the integrations come to: where the entries of each subscription go. */
export interface Sinks {
  /** The subscriptions of the file. */
  readonly subscriptions: readonly FileSubscription[];
  readonly sinkOf: SinkOf;
}

/**
 * Makes the sinks of the file's subscriptions, and of those that admins have made as they are met.
 *
 * @throws CountersignError `invalid_configuration` for a system that nothing can be brought to, and for a secret that is none
 */
export async function openSinks(
  env: Environment,
  pool: Pool,
  { systems, subscriptions, webhooks }: Integrations,
): Promise<Sinks> {
  const way = wayOut(env);
  const base = env.COUNTERSIGN_URL?.replace(/\/$/, '');
  const linkOf = (id: string) => (base === undefined ? null : `${base}/v1/changes/${id}`);
  const deps: SinkDependencies = { pool, fetch: way.fetch, linkOf, secret: readSecret };
  const ofSystems = new Map<string, Sink>();
  const ofFile = new Map<string, Sink>();
  const found: FileSubscription[] = [];
  for (const { name, to, filter } of subscriptions) {
    if ('system' in to) {
      const { system } = to;
      const sink = ofSystems.get(system) ?? (await sinkOfSystem(system, systems[system], deps));
      ofSystems.set(system, sink);
      ofFile.set(name, sink);
      found.push({ name, target: { kind: 'system', system }, filter });
      continue;
    }
    const { url, form, allowNetworks, secretFiles } = to.webhook;
    const secrets = await Promise.all(secretFiles.map(signingSecret));
    const fetch = makeWebhookFetch(way, allowNetworks);
    ofFile.set(name, makeWebhookSink({ url, secrets, form }, { fetch }));
    found.push({ name, target: { kind: 'webhook', host: new URL(url).host, form }, filter });
  }
  const fetch = makeWebhookFetch(way, webhooks.allowNetworks);
  return { subscriptions: found, sinkOf: makeSinkOf(ofFile, fetch) };
}

function makeSinkOf(ofFile: ReadonlyMap<string, Sink>, fetch: GuardedFetch): SinkOf {
  const ofApi = new Map<string, { readonly of: string; readonly sink: Sink }>();
  return ({ name, source, target, url, secrets }: Receiver) => {
    if (source === 'file') return ofFile.get(name) ?? null;
    if (target.kind !== 'webhook' || url === null || secrets.length === 0) return null;
    const of = JSON.stringify([url, secrets, target.form]);
    const known = ofApi.get(name);
    if (known?.of === of) return known.sink;
    const sink = makeWebhookSink({ url, secrets, form: target.form }, { fetch });
    ofApi.set(name, { of, sink });
    return sink;
  };
}

async function sinkOfSystem(
  name: string,
  settings: SystemSettings | undefined,
  deps: SinkDependencies,
): Promise<Sink> {
  const make = settings && makers[settings.kind];
  if (settings === undefined || make === undefined) {
    throw new CountersignError(
      'invalid_configuration',
      `system ${name}: nothing can be brought to a system of the kind ${settings?.kind ?? '(none)'} yet`,
    );
  }
  return make(name, settings as never, deps);
}

async function signingSecret(file: string): Promise<string> {
  const secret = await readSecret(file);
  if (keyOf(secret) !== null) return secret;
  const message = 'must hold whsec_ and base64 of 24 to 64 bytes';
  throw new CountersignError('invalid_configuration', `${file} ${message}`, {
    errors: [{ field: file, rule: 'format', message }],
  });
}

/** By the proxy where one is set, which then decides where it leads; otherwise directly, and to public addresses alone. */
function makeWebhookFetch(way: ReturnType<typeof wayOut>, allowNetworks: readonly string[]): GuardedFetch {
  const direct = makeGuardedFetch({ allowNetworks });
  const proxied = makeProxiedFetch(way.fetch, allowNetworks);
  return (url, request) => (way.proxyOf(url) === null ? direct : proxied)(url, request);
}
