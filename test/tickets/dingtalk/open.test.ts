import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { startDingTalk } from '../../../simulator/dingtalk/server.ts';
import { demoApp, demoRobot } from '../../../simulator/dingtalk/settings.ts';
import type { RestEndpoint } from '../../../simulator/rest-endpoint.ts';
import { dingTalkInbound } from '../../../tickets/dingtalk/inbound.ts';
import type { DingTalkVerdict } from '../../../tickets/dingtalk/inbound.ts';
import { dingTalkAccount, makeDingTalkSink, startDingTalkClicks } from '../../../tickets/dingtalk/open.ts';
import { dingTalkSettings } from '../../../tickets/dingtalk/settings.ts';
import { DingTalkControl } from '../../simulator/dingtalk/control.ts';
import { Deliveries, ToldChange } from '../told-change.ts';

const secrets: Record<string, string> = {
  token: demoRobot.token,
  signing: demoRobot.secret,
  client: demoApp.clientSecret,
  clicks: 'c'.repeat(32),
  short: 'c'.repeat(31),
};
const secret = (file: string) => Promise.resolve(secrets[file] ?? '');
const linkOf = () => null;
const choicesOf = () => ['approve', 'reject'] as const;
const parts = { fetch, secret, now: Date.now };

let dingTalk: RestEndpoint;
let control: DingTalkControl;
beforeEach(async () => {
  dingTalk = await startDingTalk();
  control = new DingTalkControl(dingTalk.url);
});
afterEach(() => dingTalk.close());

const app = (more: object = {}) => {
  const { clientId, corpId, cardTemplateId, openSpaceId } = demoApp;
  const known = { clientId, clientSecretFile: 'client', corpId, cardTemplateId, openSpaceId };
  return dingTalkSettings.parse({ kind: 'dingtalk', app: { url: dingTalk.url, ...known }, ...more });
};
const robot = () =>
  dingTalkSettings.parse({
    kind: 'dingtalk',
    robot: { url: dingTalk.url, tokenFile: 'token', secretFile: 'signing' },
  });

test('a robot is told by messages, an app by cards', async () => {
  const change = new ToldChange();
  const entries = change.tell('requested', 'prechecked');
  for (const settings of [robot(), app()]) {
    const sink = await makeDingTalkSink(settings, { ...parts, linkOf, choicesOf });
    await sink.deliver(new Deliveries(change).of(entries));
  }
  expect(await control.messages()).toHaveLength(1);
  expect(await control.cards()).toHaveLength(1);
});

test('a click on a card comes to the API, which tells the person what became of it', async () => {
  const verdicts: DingTalkVerdict[] = [];
  const part = dingTalkInbound('chat', [secrets['clicks'] ?? '']);
  const api = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const headers = request.headers as Record<string, string>;
      verdicts.push(part.verify({ raw: Buffer.concat(chunks), headers, now: Date.now() }));
      response.end(JSON.stringify(part.answer({ outcome: 'refused', code: 'self_approval' })));
    });
  });
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
  const settings = app({ inboundSecretFiles: ['clicks'] });
  const stream = await startDingTalkClicks('chat', settings, {
    ...parts,
    apiFetch: fetch,
    inboundUrl: `http://127.0.0.1:${(api.address() as AddressInfo).port}/v1/inbound/chat`,
  });
  const change = new ToldChange();
  const sink = await makeDingTalkSink(settings, { ...parts, linkOf, choicesOf });
  await sink.deliver(new Deliveries(change).of(change.tell('requested', 'prechecked')));
  await vi.waitUntil(async () => (await control.connections()) === 1);
  const [card] = await control.cards();

  const click = { outTrackId: card?.outTrackId ?? '', userId: 'alice', action: 'approve' } as const;
  expect((await control.click(click)).notice).toMatch(/you asked for this change/);
  expect(verdicts).toMatchObject([
    {
      kind: 'decision',
      account: { team: demoApp.corpId, user: 'alice' },
      changeId: change.id,
      digest: change.digest,
    },
  ]);
  await stream?.close();
  api.close();
});

describe('clicks are not heard', () => {
  const start = (settings: ReturnType<typeof app>) =>
    startDingTalkClicks('chat', settings, { ...parts, apiFetch: fetch, inboundUrl: 'http://127.0.0.1:1' });

  test('of a robot, and without a secret that the API would trust', async () => {
    expect(await start(robot())).toBeNull();
    expect(await start(app())).toBeNull();
  });

  test('with a secret that could be guessed: that is an error of the configuration', async () => {
    await expect(start(app({ inboundSecretFiles: ['clicks', 'short'] }))).rejects.toMatchObject({
      code: 'invalid_configuration',
    });
  });
});

test('an app is asked as whom it is known; of a robot nothing but a message would tell', async () => {
  const { signal } = new AbortController();
  expect(await dingTalkAccount(app(), parts, signal)).toMatchObject({ id: demoApp.clientId });
  expect(await dingTalkAccount(robot(), parts, signal)).toBeNull();
  const wrong = { ...parts, secret: () => Promise.resolve('wrong') };
  await expect(dingTalkAccount(app(), wrong, signal)).rejects.toMatchObject({ fault: 'denied' });
});

describe('settings', () => {
  test.each<[string, object, boolean]>([
    ['an app', {}, true],
    ['both', { robot: { tokenFile: 'a', secretFile: 'b' } }, false],
    ['neither', { app: undefined }, false],
    ['three secrets', { inboundSecretFiles: ['a', 'b', 'c'] }, false],
  ])('%s', (_name, more, isRight) => {
    expect(dingTalkSettings.safeParse({ ...app(), ...more }).success).toBe(isRight);
  });

  test.each([
    ['dtv1.card//IM_GROUP.cidA==', true],
    ['dtv1.card//IM_ROBOT.manager4220', true],
    ['cidA==', false],
    ['dtv1.card//IM_GROUP.a;dtv1.card//IM_ROBOT.b', false],
  ])('cards are shown in %s: %s', (openSpaceId, isRight) => {
    const settings = app();
    const changed = { ...settings, app: { ...settings.app, openSpaceId } };
    expect(dingTalkSettings.safeParse(changed).success).toBe(isRight);
  });
});
