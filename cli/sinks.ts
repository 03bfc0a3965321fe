import { CountersignError } from '../domain/error.ts';
import { presentedLines } from '../operations/presented-lines.ts';
import type { Operations } from '../operations/registry.ts';
import { makeDingTalkSink } from '../tickets/dingtalk/open.ts';
import { makeJiraSystem } from '../tickets/jira/system.ts';
import { makeMailSink } from '../tickets/mail/sink.ts';
import { makeServiceNowSystem } from '../tickets/servicenow/system.ts';
import { makeSlackSink } from '../tickets/slack/sink.ts';
import type { TicketReports, TicketSinkOptions } from '../tickets/ticket-job.ts';
import { makeTicketSink } from '../tickets/ticket-sink.ts';
import type { Integrations, SystemSettings } from '../tickets/integrations.ts';
import type { FileSubscription } from '../tickets/outbox/keep-file-subscriptions.ts';
import type { Receiver, SinkOf } from '../tickets/outbox/receiver.ts';
import type { Sink } from '../tickets/sink.ts';
import type { GuardedFetch } from '../tickets/webhook/guarded-fetch.ts';
import { makeGuardedFetch } from '../tickets/webhook/guarded-fetch.ts';
import { makeProxiedFetch } from '../tickets/webhook/proxied-fetch.ts';
import { keyOf } from '../tickets/webhook/sign.ts';
import { makeWebhookSink } from '../tickets/webhook/sink.ts';
import { changeLinks } from './change-link.ts';
import type { Environment } from './environment.ts';
import { noticesSubscription } from './notices-subscription.ts';
import { offeredChoices } from './offered-choices.ts';
import { readSecret } from './secret-file.ts';
import { wayOut } from './way-out.ts';

/** What sinks of systems are made with. */
export interface SinkDependencies {
  readonly fetch: typeof globalThis.fetch;
  /** Where people find a change, by `changeUrl`, or in the console of CONSOLE_URL; null where neither is set. */
  readonly linkOf: (changeId: string) => string | null;
  /** The secret of a file. @throws CountersignError `invalid_configuration` */
  readonly secret: (file: string) => Promise<string>;
  /** What becomes of tickets goes into the log. */
  readonly reports: (system: string) => TicketReports;
  /** See `TicketSinkOptions.holdersOf`. */
  readonly holdersOf: (system: string) => TicketSinkOptions['holdersOf'];
  /** What an approver is shown of a target. */
  readonly operations: Operations;
}

type MakeSink<K extends SystemSettings['kind']> = (
  name: string,
  settings: Extract<SystemSettings, { kind: K }>,
  deps: SinkDependencies,
) => Sink | Promise<Sink>;

/** What brings entries to each kind of system. */
const makers: { readonly [K in SystemSettings['kind']]: MakeSink<K> } = {
  async jira(name, settings, { fetch, secret, reports, holdersOf, linkOf }) {
    const login = required(name, 'write', settings.write);
    const system = makeJiraSystem(name, settings, { fetch, secret: await secret(login.secretFile) });
    const create = settings.create !== undefined;
    const known = { append: reports(name), holdersOf: holdersOf(name) };
    return makeTicketSink({ name, system, create, linkOf, ...known });
  },
  async servicenow(name, settings, { fetch, secret, reports, holdersOf, linkOf }) {
    const login = required(name, 'write', settings.write);
    const system = makeServiceNowSystem(name, settings, { fetch, secret: await secret(login.secretFile) });
    const create = settings.create !== undefined;
    const known = { append: reports(name), holdersOf: holdersOf(name) };
    return makeTicketSink({ name, system, create, linkOf, ...known });
  },
  async slack(name, settings, { fetch, secret, operations, linkOf }) {
    const token = await secret(required(name, 'tokenFile', settings.tokenFile));
    return makeSlackSink(settings, {
      ...{ token, fetch, linkOf, clock: Date.now },
      choicesOf: (change) => offeredChoices(change, name),
      presentedOf: ({ change }) => presentedLines(operations, change),
    });
  },
  dingtalk: (name, settings, { fetch, secret, linkOf }) =>
    makeDingTalkSink(settings, {
      ...{ fetch, secret, linkOf, now: Date.now },
      choicesOf: (change) => offeredChoices(change, name),
    }),
  async mail(_name, settings, { secret, linkOf }) {
    const { passwordFile } = settings;
    const password = passwordFile === undefined ? null : await secret(passwordFile);
    return makeMailSink(settings, { password, linkOf, now: Date.now });
  },
};

function required<T>(system: string, member: string, value: T | undefined): T {
  if (value !== undefined) return value;
  const message = 'the deliverer needs it, since a subscription brings entries there';
  throw new CountersignError('invalid_configuration', `systems.${system}.${member}: ${message}`, {
    errors: [{ field: `systems.${system}.${member}`, rule: 'required', message }],
  });
}

/** What the integrations come to: where the entries of each subscription go. */
export interface Sinks {
  /** The subscriptions of the file, and that of COUNTERSIGN_WEBHOOK_URL. */
  readonly subscriptions: readonly FileSubscription[];
  readonly sinkOf: SinkOf;
}

/**
 * Makes the sinks of the file's subscriptions and of COUNTERSIGN_WEBHOOK_URL, and of those that admins have made as they are met.
 *
 * @throws CountersignError `invalid_configuration` for a system that nothing can be brought to, and for a secret that is none
 */
export async function openSinks(
  env: Environment,
  { systems, subscriptions, webhooks, changeUrl }: Integrations,
  given: Pick<SinkDependencies, 'reports' | 'holdersOf' | 'operations'>,
): Promise<Sinks> {
  const way = wayOut(env);
  const linkOf = changeLinks(env, changeUrl);
  const deps = { ...given, fetch: way.fetch, secret: readSecret, linkOf };
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
  const notices = noticesSubscription(env);
  if (notices !== null) {
    const { subscription, settings, allowNetworks } = notices;
    if (ofFile.has(subscription.name)) throw nameTaken(subscription.name);
    ofFile.set(subscription.name, makeWebhookSink(settings, { fetch: makeWebhookFetch(way, allowNetworks) }));
    found.push(subscription);
  }
  const fetch = makeWebhookFetch(way, webhooks.allowNetworks);
  return { subscriptions: found, sinkOf: makeSinkOf(ofFile, fetch) };
}

function nameTaken(name: string): CountersignError {
  const message = `the file of COUNTERSIGN_INTEGRATIONS has a subscription ${name}; expected another name there`;
  return new CountersignError('invalid_configuration', `COUNTERSIGN_WEBHOOK_URL: ${message}`, {
    errors: [{ field: 'COUNTERSIGN_WEBHOOK_URL', rule: 'unique', message }],
  });
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
  if (settings === undefined) throw new CountersignError('invalid_configuration', `no system ${name}`);
  return await (makers[settings.kind] as MakeSink<SystemSettings['kind']>)(name, settings, deps);
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
