import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startDingTalk } from '../../../simulator/dingtalk/server.ts';
import { demoApp, demoRobot } from '../../../simulator/dingtalk/settings.ts';
import type { RestEndpoint } from '../../../simulator/rest-endpoint.ts';
import { DingTalkControl } from './control.ts';

let dingTalk: RestEndpoint;
let control: DingTalkControl;
beforeEach(async () => {
  dingTalk = await startDingTalk({ robotPerMinute: 3 });
  control = new DingTalkControl(dingTalk.url);
});
afterEach(() => dingTalk.close());

async function send(
  more: { token?: string; secret?: string; at?: number; body?: object } = {},
): Promise<number> {
  const { token = demoRobot.token, secret = demoRobot.secret, at = Date.now() } = more;
  const sign = createHmac('sha256', secret).update(`${at}\n${secret}`).digest('base64');
  const query = new URLSearchParams({ access_token: token, timestamp: String(at), sign });
  const body = more.body ?? { msgtype: 'text', text: { content: 'x' } };
  const response = await fetch(`${dingTalk.url}/robot/send?${query.toString()}`, {
    method: 'POST',
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(200);
  return ((await response.json()) as { errcode: number }).errcode;
}

async function open(body: object): Promise<Response> {
  return await fetch(`${dingTalk.url}/v1.0/gateway/connections/open`, {
    method: 'POST',
    body: JSON.stringify(body),
  });
}

async function connected(address: string): Promise<boolean> {
  const socket = new WebSocket(address);
  return await new Promise((resolve) => {
    socket.on('open', () => {
      resolve(true);
      socket.terminate();
    });
    socket.on('error', () => resolve(false));
  });
}

describe('a robot answers 200 and says in errcode how it went', () => {
  test.each<[string, Parameters<typeof send>[0], number]>([
    ['right', {}, 0],
    ['a wrong signature', { secret: 'SECother' }, 310_000],
    ['59 minutes old', { at: Date.now() - 59 * 60_000 }, 0],
    ['61 minutes old', { at: Date.now() - 61 * 60_000 }, 310_000],
    ['61 minutes ahead', { at: Date.now() + 61 * 60_000 }, 310_000],
    ['no such robot', { token: 'other' }, 300_005],
    ['no such type', { body: { msgtype: 'video', video: {} } }, 400_105],
    ['no content', { body: { msgtype: 'markdown' } }, 40_035],
  ])('%s', async (_name, more, errcode) => {
    expect(await send(more)).toBe(errcode);
  });

  test('above its messages in a minute it is blocked', async () => {
    expect([await send(), await send(), await send(), await send(), await send()]).toEqual([
      0, 0, 0, 130_101, 130_101,
    ]);
    expect(await control.messages()).toHaveLength(3);
  });

  test('the same msgUuid is shown once', async () => {
    const body = { msgtype: 'text', text: { content: 'x' }, msgUuid: 'one' };
    expect([await send({ body }), await send({ body })]).toEqual([0, 0]);
    expect(await control.messages()).toHaveLength(1);
  });
});

describe('the Stream', () => {
  test('opens for an app that knows its secret, once for each ticket', async () => {
    const { clientId, clientSecret } = demoApp;
    expect((await open({ clientId, clientSecret: 'wrong' })).status).toBe(401);
    const { endpoint, ticket } = (await (await open({ clientId, clientSecret })).json()) as Record<
      string,
      string
    >;
    const address = `${endpoint}?ticket=${ticket}`;
    expect(await connected(`${endpoint}?ticket=other`)).toBe(false);
    expect(await connected(address)).toBe(true);
    expect(await connected(address)).toBe(false);
  });

  test('a click that nobody hears is not answered, and one on a card without buttons is none', async () => {
    const token = await fetch(`${dingTalk.url}/v1.0/oauth2/accessToken`, {
      method: 'POST',
      body: JSON.stringify({ appKey: demoApp.clientId, appSecret: demoApp.clientSecret }),
    });
    const { accessToken } = (await token.json()) as { accessToken: string };
    const call = async (method: string, path: string, body: object) => {
      const headers = { 'x-acs-dingtalk-access-token': accessToken };
      return (await fetch(dingTalk.url + path, { method, headers, body: JSON.stringify(body) })).status;
    };
    const card = { outTrackId: 'c1', cardTemplateId: 't', openSpaceId: demoApp.openSpaceId };
    const create = '/v1.0/card/instances/createAndDeliver';
    expect(await call('POST', create, { ...card, cardData: { cardParamMap: { canApprove: true } } })).toBe(
      400,
    );
    expect(await call('POST', create, { ...card, cardData: { cardParamMap: { canApprove: 'true' } } })).toBe(
      200,
    );
    const click = { outTrackId: 'c1', userId: 'bob', action: 'approve' } as const;
    expect(await control.click(click)).toEqual({ answered: false, notice: null });
    const update = { outTrackId: 'c1', cardData: { cardParamMap: { canApprove: 'false' } } };
    expect(await call('PUT', '/v1.0/card/instances', update)).toBe(200);
    expect(await control.click(click)).toEqual({ error: 'no such button' });
    expect(await call('PUT', '/v1.0/card/instances', { ...update, outTrackId: 'other' })).toBe(404);
  });
});

test('its page shows what it holds, and runs nothing of it', async () => {
  await send({ body: { msgtype: 'text', text: { content: '<script>alert(1)</script>' } } });
  const page = await (await fetch(`${dingTalk.url}/_sim`)).text();
  expect(page).toContain('alert(1)');
  expect(page).not.toContain('<script>alert');
});
