import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startDingTalk } from '../../../simulator/dingtalk/server.ts';
import { demoApp } from '../../../simulator/dingtalk/settings.ts';
import type { DingTalkOptions } from '../../../simulator/dingtalk/settings.ts';
import type { RestEndpoint } from '../../../simulator/rest-endpoint.ts';
import { makeAppCall } from '../../../tickets/dingtalk/access-token.ts';
import { makeCardApi } from '../../../tickets/dingtalk/card-api.ts';
import { makeDingTalkCardSink } from '../../../tickets/dingtalk/card-sink.ts';
import { RemoteError } from '../../../tickets/remote-error.ts';
import type { Sink } from '../../../tickets/sink.ts';
import { DingTalkControl } from '../../simulator/dingtalk/control.ts';
import { Deliveries, ToldChange } from '../told-change.ts';

const create = '/v1.0/card/instances/createAndDeliver';
const endpoints: RestEndpoint[] = [];
let control: DingTalkControl;
let sink: Sink;

async function start(options: DingTalkOptions = {}): Promise<void> {
  const dingTalk = await startDingTalk(options);
  endpoints.push(dingTalk);
  control = new DingTalkControl(dingTalk.url);
  sink = sinkAt(dingTalk.url);
}

function sinkAt(url: string, clientSecret: string = demoApp.clientSecret): Sink {
  const call = makeAppCall({ url, clientId: demoApp.clientId, clientSecret, fetch, now: Date.now });
  const { openSpaceId } = demoApp;
  return makeDingTalkCardSink({
    cards: makeCardApi(call, { templateId: 'template', openSpaceId, robotCode: demoApp.clientId }),
    linkOf: (id) => `https://countersign.example/changes/${id}`,
    choicesOf: () => ['approve', 'reject'],
    now: Date.now,
  });
}

beforeEach(() => start());
afterEach(async () => {
  for (const endpoint of endpoints.splice(0)) await endpoint.close();
});
afterAll(() => expect(endpoints).toEqual([]));

async function faultOf(work: Promise<unknown>): Promise<unknown> {
  return await work.then(
    () => 'delivered',
    (error: unknown) => (error instanceof RemoteError ? error.fault : error),
  );
}

const cardOf = async () => {
  const [card, ...others] = await control.cards();
  expect(others).toEqual([]);
  return card;
};

describe('one card for a change', () => {
  test('is made when a decision is awaited, goes on with the change, and ends without a button', async () => {
    const change = new ToldChange();
    const deliveries = new Deliveries(change);
    await sink.deliver(deliveries.of(change.tell('requested')));
    expect(await cardOf()).toBeUndefined();

    await sink.deliver(deliveries.of(change.tell('prechecked')));
    expect(await cardOf()).toMatchObject({
      shown: 1,
      openSpaceId: demoApp.openSpaceId,
      templateId: 'template',
      parameters: { canApprove: 'true', changeId: change.id, round: '1', digest: change.digest },
    });

    await sink.deliver(deliveries.of(change.tell('approved', 'scheduled')));
    expect(await cardOf()).toMatchObject({ shown: 1, parameters: { canApprove: 'false', digest: '' } });
    expect((await cardOf())?.parameters['text']).toContain('**Approved by**: bob (bob)');

    await sink.deliver(deliveries.of(change.tell('closed')));
    expect(await cardOf()).toMatchObject({
      shown: 1,
      parameters: { status: 'ended, succeeded', canApprove: 'false' },
    });
    expect((await cardOf())?.parameters['text']).toContain('1A2B-3C');
  });

  test('is not made for a change that its precheck refused', async () => {
    const change = new ToldChange();
    const deliveries = new Deliveries(change);
    await sink.deliver(deliveries.of(change.tell('requested')));
    expect(await cardOf()).toBeUndefined();
    expect(deliveries.memory).toBeNull();
  });

  test('is not written when there is nothing new to show', async () => {
    const change = new ToldChange();
    const deliveries = new Deliveries(change);
    const entries = change.tell('requested', 'prechecked', 'approved', 'scheduled', 'closed');
    await sink.deliver(deliveries.of(entries));
    await sink.deliver(deliveries.of(entries));
    expect(await cardOf()).toMatchObject({ shown: 1, updates: 0 });
  });

  test('asks for a token once, and again when DingTalk refuses it', async () => {
    const change = new ToldChange();
    const deliveries = new Deliveries(change);
    await sink.deliver(deliveries.of(change.tell('requested', 'prechecked')));
    await sink.deliver(deliveries.of(change.tell('approved', 'scheduled')));
    expect(await control.calls('/accessToken')).toHaveLength(1);
    await control.revokeTokens();
    await sink.deliver(deliveries.of(change.tell('closed')));
    expect(await control.calls('/accessToken')).toHaveLength(2);
    expect(await cardOf()).toMatchObject({ parameters: { status: 'ended, succeeded' } });
  });

  test('is not all there is when people are reminded: a card without buttons comes for each reminder, once', async () => {
    const change = new ToldChange();
    const deliveries = new Deliveries(change);
    await sink.deliver(deliveries.of(change.tell('requested', 'prechecked')));
    for (let n = 1; n <= 2; n += 1) {
      const entries = change.tell('reminded');
      await sink.deliver(deliveries.of(entries));
      await sink.deliver(deliveries.of(entries));
      expect(await control.cards()).toHaveLength(1 + n);
      expect(await control.calls(create)).toHaveLength(1 + n);
    }
    const [own, ...reminders] = await control.cards();
    expect(own).toMatchObject({ parameters: { canApprove: 'true' } });
    for (const reminder of reminders) {
      expect(reminder.outTrackId).toMatch(/^csr-[0-9a-f]{40}$/);
      expect(reminder).toMatchObject({
        shown: 1,
        parameters: { canApprove: 'false', canReject: 'false', changeId: '', digest: '' },
      });
      expect(reminder.parameters['title']).toMatch(/^Reminder, approval wanted/);
    }
    await sink.deliver(deliveries.of(change.tell('approved', 'scheduled', 'closed')));
    expect(await control.cards()).toHaveLength(3);
    for (const { parameters } of await control.cards()) expect(parameters['canApprove']).toBe('false');
  });

  test('is enough when it is new, and when the reminder comes too late', async () => {
    const change = new ToldChange();
    const deliveries = new Deliveries(change);
    await sink.deliver(deliveries.of(change.tell('requested', 'prechecked', 'reminded')));
    const reminder = change.tell('reminded');
    change.tell('approved', 'scheduled');
    await sink.deliver(deliveries.of(reminder));
    expect(await control.cards()).toHaveLength(1);
  });

  test('whose reminder was made and whose process was killed is reminded of by the same card', async () => {
    const change = new ToldChange();
    const deliveries = new Deliveries(change);
    await sink.deliver(deliveries.of(change.tell('requested', 'prechecked')));
    const entries = change.tell('reminded');
    const before = deliveries.memory;
    await sink.deliver(deliveries.of(entries));
    deliveries.memory = { ...before, reminding: entries[0]?.index ?? 0 };
    await sink.deliver(deliveries.of(entries));
    expect(await control.cards()).toHaveLength(2);
  });

  test('that somebody has deleted is made again', async () => {
    const change = new ToldChange();
    const deliveries = new Deliveries(change);
    await sink.deliver(deliveries.of(change.tell('requested', 'prechecked')));
    await control.clear();
    await sink.deliver(deliveries.of(change.tell('approved', 'scheduled')));
    expect(await cardOf()).toMatchObject({ shown: 1, parameters: { canApprove: 'false' } });
  });
});

describe.each(['same', 'error', 'shown_again'] as const)('when a repeated id means %s', (repeatedCard) => {
  test.each([
    ['done, but answered 500', 'applied_then_500'],
    ['done, and the connection was reset', 'reset_after'],
  ] as const)('%s: it is one card, and shows what is true by then', async (_name, kind) => {
    await start({ repeatedCard });
    const change = new ToldChange();
    const deliveries = new Deliveries(change);
    await control.fail({ kind, path: create });
    const first = change.tell('requested', 'prechecked');
    expect(await faultOf(sink.deliver(deliveries.of(first)))).toMatch(/failed|unreachable/);

    const entries = [...first, ...change.tell('approved', 'scheduled')];
    expect(await sink.deliver(deliveries.of(entries))).toBe(4);
    expect((await cardOf())?.parameters).toMatchObject({ canApprove: 'false', digest: '' });
    expect((await cardOf())?.shown).toBe(repeatedCard === 'same' ? 1 : 2);
  });

  test('nothing was done, and it comes again', async () => {
    await start({ repeatedCard });
    const change = new ToldChange();
    const deliveries = new Deliveries(change);
    await control.fail({ kind: 'status', status: 503, path: create });
    const entries = change.tell('requested', 'prechecked');
    expect(await faultOf(sink.deliver(deliveries.of(entries)))).toBe('failed');
    expect(await sink.deliver(deliveries.of(entries))).toBe(2);
    expect(await cardOf()).toMatchObject({ shown: 1, parameters: { canApprove: 'true' } });
  });

  test('made, and could not be shown: it is shown once it can be', async () => {
    await start({ repeatedCard });
    const change = new ToldChange();
    const deliveries = new Deliveries(change);
    await control.hide(demoApp.openSpaceId);
    const entries = change.tell('requested', 'prechecked');
    expect(await faultOf(sink.deliver(deliveries.of(entries)))).toBe('denied');
    expect(await faultOf(sink.deliver(deliveries.of(entries)))).toBe('denied');
    await control.hide();
    expect(await sink.deliver(deliveries.of(entries))).toBe(2);
    expect(await cardOf()).toMatchObject({ shown: 1, parameters: { canApprove: 'true' } });
  });

  test('a refusal that has another reason is told as it is', async () => {
    await start({ repeatedCard });
    const change = new ToldChange();
    const deliveries = new Deliveries(change);
    const refusal = {
      kind: 'status',
      status: 400,
      body: { code: 'param.contentUnsafe' },
      path: create,
    } as const;
    await control.fail({ ...refusal, times: 2 });
    const entries = change.tell('requested', 'prechecked');
    expect(await faultOf(sink.deliver(deliveries.of(entries)))).toBe('refused');
    await expect(sink.deliver(deliveries.of(entries))).rejects.toThrow(
      'DingTalk answered 400 (param.contentUnsafe)',
    );
  });
});

describe('what goes wrong', () => {
  const told = () => {
    const change = new ToldChange();
    return new Deliveries(change).of(change.tell('requested', 'prechecked'));
  };

  test.each([
    ['403', { status: 403, body: { code: 'Forbidden.AccessDenied' } }, 'denied', null],
    ['too many requests', { status: 429 }, 'throttled', 1000],
    [
      'too many, in its own way',
      { status: 403, body: { code: 'Forbidden.AccessDenied.QpsLimitForApi' } },
      'throttled',
      1000,
    ],
    ['Retry-After', { status: 429, headers: { 'retry-after': '7' } }, 'throttled', 7000],
    ['503', { status: 503 }, 'failed', null],
    ['a page of a proxy', { status: 200, body: 'hello' }, 'unreachable', null],
    ['done is not true', { status: 200, body: { success: false } }, 'failed', null],
  ])('%s', async (_name, answer, fault, retryAfterMs) => {
    await control.fail({ kind: 'status', path: create, ...answer });
    await expect(sink.deliver(told())).rejects.toMatchObject({ fault, retryAfterMs });
  });

  test('a wrong client secret is denied, and stands in no error', async () => {
    const [endpoint] = endpoints;
    const wrong = sinkAt(endpoint?.url ?? '', 'not-the-secret');
    const error = await wrong.deliver(told()).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ fault: 'denied', httpStatus: 400 });
    expect(String(error)).not.toMatch(/not-the-secret|127\.0\.0\.1/);
  });

  test('a token that stays refused is asked for once more, and no oftener', async () => {
    await control.fail({ kind: 'status', status: 401, path: create, times: 9 });
    expect(await faultOf(sink.deliver(told()))).toBe('denied');
    expect(await control.calls('/accessToken')).toHaveLength(2);
  });
});
