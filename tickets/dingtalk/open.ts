import type { Agent } from 'node:http';
import type { Change } from '../../domain/change.ts';
import type { Account } from '../ticket-system.ts';
import type { Sink } from '../sink.ts';
import { makeAppCall } from './access-token.ts';
import type { AppCall } from './access-token.ts';
import { makeBringClick } from './bring-click.ts';
import { makeCardApi } from './card-api.ts';
import type { CardApi } from './card-api.ts';
import { makeDingTalkCardSink } from './card-sink.ts';
import type { NoClick } from './click.ts';
import { assertForwardSecret } from './forward-click.ts';
import type { Choice } from './message.ts';
import { makeDingTalkRobotSink } from './robot-sink.ts';
import type { DingTalkSettings } from './settings.ts';
import { startDingTalkStream } from './stream.ts';
import type { DingTalkStream, StreamEvent } from './stream.ts';

/** What every part works with. */
export interface DingTalkDependencies {
  readonly fetch: typeof globalThis.fetch;
  /** The secret of a file. @throws CountersignError `invalid_configuration` */
  readonly secret: (file: string) => Promise<string>;
  /** Ms since the epoch. */
  readonly now: () => number;
}

type AppSettings = NonNullable<DingTalkSettings['app']>;

const tellMs = 10_000;

/** What brings changes to a DingTalk: its robot's messages, or its app's cards. */
export async function makeDingTalkSink(
  { robot, app }: DingTalkSettings,
  dependencies: DingTalkDependencies & {
    /** A page that shows the change; null where none is known. */
    readonly linkOf: (changeId: string) => string | null;
    /** Which buttons count under the change's policy; none where it does not name this system as a channel. */
    readonly choicesOf: (change: Change) => readonly Choice[];
  },
): Promise<Sink> {
  const { secret, fetch, now, linkOf, choicesOf } = dependencies;
  if (robot) {
    const [token, signing] = await Promise.all([secret(robot.tokenFile), secret(robot.secretFile)]);
    return makeDingTalkRobotSink({ url: robot.url, token, secret: signing, fetch, linkOf, now });
  }
  const settings = appIn({ app });
  return makeDingTalkCardSink({
    cards: cardsOf(settings, await appCall(settings, dependencies)),
    ...{ linkOf, choicesOf, now },
  });
}

/**
 * Hears clicks on an app's cards and brings them to the API; null for a robot, which has no buttons, and where no secret
 * is configured that the API would trust.
 */
export async function startDingTalkClicks(
  system: string,
  { app, inboundSecretFiles }: DingTalkSettings,
  dependencies: DingTalkDependencies & {
    /** The API's address for what comes from this system, such as `http://127.0.0.1:8080/v1/inbound/dingtalk`. */
    readonly inboundUrl: string;
    /** Reaches the API, which is not where `fetch` leads when a proxy is set. */
    readonly apiFetch: typeof globalThis.fetch;
    readonly agent?: Agent;
    readonly report?: (event: StreamEvent) => void;
    readonly onNoClick?: (why: NoClick) => void;
  },
): Promise<DingTalkStream | null> {
  if (!app || inboundSecretFiles.length === 0) return null;
  const { fetch, secret, now, inboundUrl, apiFetch, agent, report, onNoClick } = dependencies;
  const secrets = await Promise.all(inboundSecretFiles.map(secret));
  secrets.forEach(assertForwardSecret);
  const { url, clientId, clientSecretFile, corpId } = app;
  const cards = cardsOf(app, await appCall(app, dependencies));
  return startDingTalkStream({
    ...{ url, clientId, corpId, fetch, clientSecret: await secret(clientSecretFile) },
    onClick: makeBringClick({ url: inboundUrl, system, secrets, fetch: apiFetch, now }),
    tell: (outTrackId, userId, notice) => cards.tell(outTrackId, userId, notice, AbortSignal.timeout(tellMs)),
    ...(agent && { agent }),
    ...(report && { report }),
    ...(onNoClick && { onNoClick }),
  });
}

/**
 * As whom an app is known to DingTalk, for `countersign doctor`; null for a robot: nothing but a message would tell.
 * @throws RemoteError
 */
export async function dingTalkAccount(
  { app }: DingTalkSettings,
  dependencies: DingTalkDependencies,
  signal: AbortSignal,
): Promise<Account | null> {
  if (!app) return null;
  const call = await appCall(app, dependencies);
  await call.login(signal);
  return { id: app.clientId, name: `an app of ${app.corpId}`, rights: [] };
}

function appIn({ app }: Pick<DingTalkSettings, 'app'>): AppSettings {
  // The schema of the settings asks for one of both.
  if (!app) throw new TypeError('neither robot nor app');
  return app;
}

async function appCall(
  { url, clientId, clientSecretFile }: AppSettings,
  { fetch, secret, now }: DingTalkDependencies,
): Promise<AppCall> {
  return makeAppCall({ url, clientId, clientSecret: await secret(clientSecretFile), fetch, now });
}

function cardsOf({ cardTemplateId, openSpaceId, robotCode, clientId }: AppSettings, call: AppCall): CardApi {
  return makeCardApi(call, { templateId: cardTemplateId, openSpaceId, robotCode: robotCode ?? clientId });
}
