import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { startDingTalk } from '../../../simulator/dingtalk/server.ts';
import { demoApp } from '../../../simulator/dingtalk/settings.ts';
import type { RestEndpoint } from '../../../simulator/rest-endpoint.ts';
import { makeAppCall } from '../../../tickets/dingtalk/access-token.ts';
import { makeBringClick } from '../../../tickets/dingtalk/bring-click.ts';
import { makeCardApi } from '../../../tickets/dingtalk/card-api.ts';
import type { CardApi } from '../../../tickets/dingtalk/card-api.ts';
import type { DingTalkClick } from '../../../tickets/dingtalk/click.ts';
import { verifyForwarded } from '../../../tickets/dingtalk/forward-click.ts';
import { cardParameters, outTrackIdOf } from '../../../tickets/dingtalk/message.ts';
import { notices } from '../../../tickets/dingtalk/notices.ts';
import { pauseAfter, startDingTalkStream } from '../../../tickets/dingtalk/stream.ts';
import type { DingTalkStream, StreamEvent, StreamOptions } from '../../../tickets/dingtalk/stream.ts';
import { DingTalkControl } from '../../simulator/dingtalk/control.ts';
import { ToldChange } from '../told-change.ts';

let dingTalk: RestEndpoint;
let control: DingTalkControl;
let cards: CardApi;
let stream: DingTalkStream | null = null;
let events: StreamEvent[] = [];
let clicks: DingTalkClick[] = [];

beforeEach(async () => {
  dingTalk = await startDingTalk();
  control = new DingTalkControl(dingTalk.url);
  events = [];
  clicks = [];
  const { clientId, clientSecret, openSpaceId, cardTemplateId } = demoApp;
  const call = makeAppCall({ url: dingTalk.url, clientId, clientSecret, fetch, now: Date.now });
  cards = makeCardApi(call, { templateId: cardTemplateId, openSpaceId, robotCode: clientId });
});
afterEach(async () => {
  await stream?.close();
  stream = null;
  await dingTalk.close();
});

async function connectStream(more: Partial<StreamOptions> = {}): Promise<void> {
  const { clientId, clientSecret, corpId } = demoApp;
  stream = startDingTalkStream({
    ...{ url: dingTalk.url, clientId, clientSecret, corpId, fetch },
    pauses: { firstMs: 10, longestMs: 40 },
    onClick: (click) => {
      clicks.push(click);
      return Promise.resolve(notices.recorded);
    },
    report: (event) => events.push(event),
    ...more,
  });
  await vi.waitUntil(async () => (await control.connections()) === 1);
}

/** A card that awaits a decision. */
async function shownCard() {
  const change = new ToldChange();
  change.tell('requested', 'prechecked');
  const outTrackId = outTrackIdOf(change.id, 'team');
  const { signal } = new AbortController();
  await cards.create(
    outTrackId,
    { ...cardParameters(change.now(), { url: null, now: Date.now(), choices: ['approve', 'reject'] }) },
    signal,
  );
  return { change, outTrackId };
}

describe('clicks', () => {
  test('come with who clicked, and on what; the person is answered on the card', async () => {
    await connectStream();
    const { change, outTrackId } = await shownCard();
    const answer = await control.click({ outTrackId, userId: 'bob', action: 'approve', comment: 'fine' });
    expect(answer).toEqual({ answered: true, code: 200, notice: notices.recorded });
    expect(clicks).toEqual([
      {
        user: { corp: demoApp.corpId, id: 'bob' },
        action: 'approve',
        changeId: change.id,
        round: 1,
        digest: change.digest,
        comment: 'fine',
        deliveryId: expect.any(String) as string,
      },
    ]);
    const [card] = await control.cards();
    expect(card?.privateData).toEqual({ bob: { notice: notices.recorded } });
    expect(card?.parameters['notice']).toBeUndefined();
  });

  test('that are pushed again are answered as before, and brought to nobody again', async () => {
    await connectStream();
    const { outTrackId } = await shownCard();
    const click = { outTrackId, userId: 'bob', action: 'approve', messageId: 'push-1' } as const;
    const first = await control.click(click);
    expect(await control.click(click)).toEqual(first);
    expect(clicks.map(({ deliveryId }) => deliveryId)).toEqual(['push-1']);
  });

  test.each([
    ['of another organization', { corpId: 'ding-other' }, 'other_organization'],
    ['with nothing on the button', { params: { changeId: '', round: '', digest: '' } }, 'nothing_asked'],
    ['that are not understood', { params: { changeId: 'x', round: '1', digest: 'y' } }, 'malformed'],
  ])('%s go nowhere, and the person is told', async (_name, more, why) => {
    const refused: string[] = [];
    await connectStream({ onNoClick: (reason) => refused.push(reason) });
    const { outTrackId } = await shownCard();
    const { notice } = await control.click({ outTrackId, userId: 'bob', action: 'approve', ...more });
    expect(notice).toMatch(/^Nothing was decided: /);
    expect(refused).toEqual([why]);
    expect(clicks).toEqual([]);
  });

  test('that take long are answered in time; what comes of them is told afterwards', async () => {
    let decide: ((notice: string) => void) | undefined;
    const { signal } = new AbortController();
    await connectStream({
      answerWithinMs: 20,
      onClick: () => new Promise((resolve) => (decide = resolve)),
      tell: (outTrackId, userId, notice) => cards.tell(outTrackId, userId, notice, signal),
    });
    const { outTrackId } = await shownCard();
    const { notice } = await control.click({ outTrackId, userId: 'bob', action: 'approve' });
    expect(notice).toBe(notices.working);
    decide?.('You cannot.');
    await vi.waitUntil(
      async () => (await control.cards())[0]?.privateData['bob']?.['notice'] === 'You cannot.',
    );
  });

  test('of which nobody can make anything are answered all the same', async () => {
    await connectStream({ onClick: () => Promise.reject(new Error('a defect')) });
    const { outTrackId } = await shownCard();
    const { notice } = await control.click({ outTrackId, userId: 'bob', action: 'approve' });
    expect(notice).toBe(notices.notKnown);
  });
});

describe('the connection', () => {
  test('answers a ping with what it says', async () => {
    await connectStream();
    const [answer] = await control.ping();
    expect(answer?.code).toBe(200);
    expect(JSON.parse(answer?.data ?? '')).toEqual({ opaque: expect.any(String) as string });
  });

  test('is opened again when it is lost', async () => {
    await connectStream();
    await control.disconnect();
    await vi.waitUntil(() => events.filter(({ kind }) => kind === 'connected').length === 2);
    expect(events.map(({ kind }) => kind)).toEqual(['connected', 'lost', 'connected']);
    expect(stream?.isConnected()).toBe(true);
  });

  test('is replaced before DingTalk closes it: no click is lost between', async () => {
    await connectStream();
    await control.ping();
    await control.disconnect(3_600_000);
    // Both are there for a while.
    await vi.waitUntil(async () => (await control.connections()) === 2);
    const { outTrackId } = await shownCard();
    for (const userId of ['bob', 'carol', 'frank', 'olga']) {
      expect(await control.click({ outTrackId, userId, action: 'approve' })).toMatchObject({
        answered: true,
      });
    }
    expect(clicks).toHaveLength(4);
    expect(events.map(({ kind }) => kind)).toEqual(['connected', 'leaving', 'connected']);
  });

  test('is tried for again and again, each time later, and says why in no secret', async () => {
    await control.fail({ kind: 'status', status: 503, path: '/connections/open', times: 4 });
    await connectStream({ random: () => 1 });
    expect(events.map((event) => (event.kind === 'failed' ? event.nextInMs : event.kind))).toEqual([
      10,
      20,
      40,
      40,
      'connected',
    ]);
    expect(JSON.stringify(events)).not.toMatch(/127\.0\.0\.1|local-app-secret|ticket/);
  });

  test('that has worked is opened again after the shortest pause, however long it took to open', async () => {
    await control.fail({ kind: 'status', status: 503, path: '/connections/open', times: 4 });
    await connectStream({ random: () => 1, pauses: { firstMs: 10, longestMs: 160 } });
    await control.ping();
    await control.fail({ kind: 'status', status: 503, path: '/connections/open', times: 1 });
    await control.disconnect();
    await vi.waitUntil(() => events.filter(({ kind }) => kind === 'connected').length === 2);
    const pauses = events.flatMap((event) => (event.kind === 'failed' ? [event.nextInMs] : []));
    expect(pauses).toEqual([10, 20, 40, 80, 20]);
  });

  test('with a wrong secret is denied, which is told', async () => {
    const denied = () => events.some((event) => event.kind === 'failed' && event.fault === 'denied');
    const { clientId, corpId } = demoApp;
    stream = startDingTalkStream({
      ...{ url: dingTalk.url, clientId, clientSecret: 'wrong', corpId, fetch },
      onClick: () => Promise.resolve(''),
      report: (event) => events.push(event),
    });
    await vi.waitUntil(denied);
    await stream.close();
  });

  test.each([
    ['names no place', {}],
    ['names something else', { endpoint: 'http://127.0.0.1:1', ticket: 'x' }],
    ['names a place without TLS elsewhere', { endpoint: 'ws://other.example/connect', ticket: 'x' }],
  ])('is not opened when DingTalk %s', async (_name, body) => {
    await control.fail({ kind: 'status', status: 200, body, path: '/connections/open', times: 1 });
    await connectStream();
    expect(events[0]).toMatchObject({ kind: 'failed' });
  });

  test('on which nothing lives any more is given up', async () => {
    // A place that opens a WebSocket and is silent from then on.
    const silent = await startSilent();
    const { port } = silent.address() as AddressInfo;
    const body = { endpoint: `ws://127.0.0.1:${port}/connect`, ticket: 'x' };
    await control.fail({ kind: 'status', status: 200, body, path: '/connections/open' });
    await connectStream({ pingEveryMs: 20 });
    expect(events.map(({ kind }) => kind)).toEqual(['connected', 'lost', 'connected']);
    silent.closeAllConnections();
    silent.close();
  });

  test('ends when it is closed, and is not opened again', async () => {
    await connectStream();
    await stream?.close();
    expect(stream?.isConnected()).toBe(false);
    await vi.waitUntil(async () => (await control.connections()) === 0);
    expect(events.map(({ kind }) => kind)).toEqual(['connected']);
  });
});

test.each([
  [0, 1, 1000],
  [0, 0, 500],
  [3, 1, 8000],
  [6, 1, 60_000],
  [1e9, 1, 60_000],
])('after %d failures, random %d: %d ms', (failures, random, expected) => {
  expect(pauseAfter(failures, { firstMs: 1000, longestMs: 60_000 }, random)).toBe(expected);
});

describe('bringing a click to the API', () => {
  const click: DingTalkClick = {
    user: { corp: 'ding1', id: 'bob' },
    action: 'approve',
    changeId: 'b1946ac9-2492-4d23-8a3e-6c5f0f2a7c11',
    round: 1,
    digest: 'a'.repeat(64),
    comment: '',
    deliveryId: 'm1',
  };
  const secrets = ['s'.repeat(32)];
  const bring = (url: string) =>
    makeBringClick({ url, system: 'dingtalk', secrets, fetch, now: Date.now })(click);

  test.each<[string, number, object, RegExp]>([
    ['it was recorded', 200, { notice: 'Your decision was recorded.' }, /^Your decision was recorded\.$/],
    ['the API had heard it before', 200, {}, /^Your click has arrived/],
    [
      'the API says what to tell',
      403,
      { notice: 'Your account is not mapped.' },
      /^Your account is not mapped\.$/,
    ],
    ['own change', 403, { code: 'self_approval' }, /somebody else/],
    ['an old round', 412, { code: 'digest_mismatch' }, /moved on/],
    ['a code that is not known here', 403, { code: 'channel_not_named' }, /channel not named/],
    ['a code that is none', 403, { code: '<b>' }, /does not count here\. /],
    ['the API is in trouble', 503, { code: 'log_unavailable' }, /cannot be reached/],
    ['the workflow may have heard it', 503, { code: 'engine_unavailable' }, /^It is not known/],
    ['the API has a defect', 500, { code: 'internal_error' }, /^It is not known/],
    ['the API waits no longer', 503, { code: 'outcome_not_known' }, /^It is not known/],
    ['something in between has failed', 502, {}, /^It is not known/],
  ])('%s', async (_name, status, body, expected) => {
    const requests: unknown[] = [];
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { headers } = request;
        const raw = Buffer.concat(chunks);
        requests.push(verifyForwarded({ system: 'dingtalk', secrets, headers, raw, now: Date.now() }));
        response.writeHead(status).end(JSON.stringify(body));
      });
    });
    const url = await listening(server);
    expect(await bring(url)).toMatch(expected);
    expect(requests).toEqual([{ click }]);
    server.close();
  });

  test('the API is down: the person is told', async () => {
    const server = createServer();
    const url = await listening(server);
    await new Promise((resolve) => server.close(resolve));
    expect(await bring(url)).toBe(notices.unavailable);
  });

  test('the API has heard it and says nothing: nobody knows what becomes of it', async () => {
    const server = createServer((request) => request.socket.destroy());
    expect(await bring(await listening(server))).toBe(notices.notKnown);
    server.close();
  });
});

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/inbound/dingtalk`;
}

async function startSilent(): Promise<Server> {
  const { createHash } = await import('node:crypto');
  const server = createServer();
  server.on('upgrade', (request, socket) => {
    const key = `${request.headers['sec-websocket-key'] ?? ''}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash('sha1').update(key).digest('base64');
    socket.on('error', () => socket.destroy());
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
    );
  });
  await listening(server);
  return server;
}
