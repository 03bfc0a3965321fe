import type { Answer } from '../answer.ts';
import type { Incoming } from '../incoming.ts';
import { jsonAnswer, startRestEndpoint } from '../rest-endpoint.ts';
import type { RestEndpoint } from '../rest-endpoint.ts';
import { apiError, makeAccess, membersOf } from './access.ts';
import { makeCards } from './cards.ts';
import type { CardUpdate } from './cards.ts';
import { clickData, hasButton } from './click.ts';
import type { SimulatedClick } from './click.ts';
import { makeGateway } from './gateway.ts';
import { dingTalkPage } from './page.ts';
import { makeRobots } from './robot.ts';
import { demoApp, demoRobot } from './settings.ts';
import type { DingTalkOptions } from './settings.ts';

/** What an answer to a click may change. */
interface ClickResponse extends Omit<CardUpdate, 'privateData'> {
  readonly userPrivateData?: { readonly cardParamMap?: Readonly<Record<string, string>> };
}

const cardTopic = '/v1.0/card/instances/callback';

/**
 * A local DingTalk: a group's robot, an app's cards, and the Stream over which clicks come. `/_sim` shows what it holds,
 * `POST /_sim/clicks` clicks as a person.
 */
export async function startDingTalk(options: DingTalkOptions = {}): Promise<RestEndpoint> {
  const {
    robots: robotSecrets = { [demoRobot.token]: demoRobot.secret },
    apps = { [demoApp.clientId]: { secret: demoApp.clientSecret, corpId: demoApp.corpId } },
    robotPerMinute = 20,
    repeatedCard = 'same',
    tokenLifeS = 7200,
    answerMs = 5000,
  } = options;
  const hidden = new Set<string>();
  const robots = makeRobots(robotSecrets, robotPerMinute);
  const access = makeAccess(apps, tokenLifeS);
  const cards = makeCards(repeatedCard, hidden);
  const gateway = makeGateway({
    appOf: (id, secret) => access.appOf(id, secret),
    answerMs,
    secure: options.tls !== undefined,
  });

  function route(incoming: Incoming, dryRun: boolean): Answer {
    const { method, path } = incoming;
    switch (`${method} ${path}`) {
      case 'POST /robot/send':
        return robots.send(incoming, dryRun);
      case 'POST /v1.0/oauth2/accessToken':
        return access.issue(incoming);
      case 'POST /v1.0/gateway/connections/open':
        return gateway.open(incoming);
    }
    const clientId = access.callerOf(incoming);
    if (clientId === null) return apiError(401, 'InvalidAuthentication', 'access token is wrong');
    switch (`${method} ${path}`) {
      case 'POST /v1.0/card/instances/createAndDeliver':
        return cards.createAndDeliver(incoming, clientId, dryRun);
      case 'POST /v1.0/card/instances/deliver':
        return cards.deliver(incoming, dryRun);
      case 'PUT /v1.0/card/instances':
        return cards.update(incoming, dryRun);
    }
    return apiError(404, 'InvalidAction.NotFound', 'no such action');
  }

  async function click(incoming: Incoming): Promise<Answer> {
    const sent = membersOf(incoming) as unknown as SimulatedClick;
    const card = cards.get(sent.outTrackId);
    if (card === undefined) return jsonAnswer({ error: 'no such card' }, 404);
    if (sent.params === undefined && !hasButton(card, sent.action)) {
      return jsonAnswer({ error: 'no such button' }, 409);
    }
    const data = clickData(card, sent, access.corpOf(card.clientId));
    const answer = await gateway.callback(card.clientId, cardTopic, data, sent.messageId);
    if (answer === null) return jsonAnswer({ answered: false, notice: null });
    const { response = {} } = membersOf({ body: Buffer.from(answer.data) }) as { response?: ClickResponse };
    const { userPrivateData, ...update } = response;
    const privateData = userPrivateData ? { [sent.userId]: userPrivateData } : {};
    cards.change(card.outTrackId, { ...update, privateData });
    const notice = cards.get(card.outTrackId)?.privateData[sent.userId]?.['notice'] ?? null;
    return jsonAnswer({ answered: true, code: answer.code, notice });
  }

  const endpoint = await startRestEndpoint({
    ...(options.port === undefined ? {} : { port: options.port }),
    tls: options.tls,
    route,
    upgrade: (request, socket, head) => gateway.upgrade(request, socket, head),
    page: () => dingTalkPage(robots.messages(), cards.all(), gateway.connections()),
    control: {
      'GET /_sim/messages': () => jsonAnswer({ messages: robots.messages() }),
      'DELETE /_sim/messages': () => {
        robots.clear();
        return jsonAnswer({ messages: [] });
      },
      'GET /_sim/cards': () => jsonAnswer({ cards: cards.all() }),
      'DELETE /_sim/cards': () => {
        cards.clear();
        return jsonAnswer({ cards: [] });
      },
      'POST /_sim/clicks': click,
      'GET /_sim/stream': () => jsonAnswer({ connections: gateway.connections() }),
      'POST /_sim/stream/pings': async () => jsonAnswer({ answers: await gateway.ping() }),
      'POST /_sim/stream/disconnects': (incoming) => {
        const { afterMs = null } = membersOf(incoming);
        return jsonAnswer({ connections: gateway.disconnect(typeof afterMs === 'number' ? afterMs : null) });
      },
      'PUT /_sim/hidden-spaces': (incoming) => {
        const { spaces = [] } = membersOf(incoming) as { readonly spaces?: readonly string[] };
        hidden.clear();
        for (const space of spaces) hidden.add(space);
        return jsonAnswer({ spaces });
      },
      'DELETE /_sim/access-tokens': () => {
        access.revoke();
        return jsonAnswer({});
      },
    },
  });
  return {
    ...endpoint,
    async close() {
      gateway.close();
      await endpoint.close();
    },
  };
}
