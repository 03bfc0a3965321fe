import { createHmac } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { makeGuardedFetch } from '../../../tickets/webhook/guarded-fetch.ts';
import { makeWebhookSink } from '../../../tickets/webhook/sink.ts';
import type { WebhookSettings } from '../../../tickets/webhook/sink.ts';
import { startHookServer } from './hook-server.ts';
import type { HookServer } from './hook-server.ts';
import { deliveryOf, history } from './webhook-fixture.ts';

const secret = (text: string) => `whsec_${Buffer.from(text.padEnd(32, '.')).toString('base64')}`;
const expired = { type: 'change.expired', decideBy: '2026-12-01T09:00:00.000Z' } as const;
const servers: HookServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function receiver(...answers: Parameters<typeof startHookServer>): Promise<HookServer> {
  const server = await startHookServer(...answers);
  servers.push(server);
  return server;
}

function sinkTo(url: string, more: Partial<WebhookSettings> = {}, answerWithinMs = 10_000) {
  return makeWebhookSink(
    { url, secrets: [secret('one')], form: 'countersign', ...more },
    { fetch: makeGuardedFetch({ allowNetworks: ['127.0.0.0/8'] }), answerWithinMs },
  );
}

test('each entry is a message, in order, signed over its id, its time and its bytes', async () => {
  const hooks = await receiver();
  const delivery = deliveryOf(history({}, expired));
  expect(await sinkTo(hooks.url).deliver(delivery)).toBe(2);
  expect(hooks.received.map(({ json }) => json['type'])).toEqual(['change.requested', 'change.expired']);
  // The first message tells the change as it was then.
  const statuses = hooks.received.map(
    ({ json }) => (json['data'] as { change: { decisionStatus: string } }).change.decisionStatus,
  );
  expect(statuses).toEqual(['pending', 'expired']);
  for (const { headers, body } of hooks.received) {
    const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
    const key = Buffer.from(secret('one').slice('whsec_'.length), 'base64');
    expect(headers['webhook-signature']).toBe(
      `v1,${createHmac('sha256', key).update(signed).digest('base64')}`,
    );
    expect(Math.abs(Date.now() / 1000 - Number(headers['webhook-timestamp']))).toBeLessThan(60);
  }
});

test('a repeat is the same message', async () => {
  const hooks = await receiver();
  const delivery = deliveryOf(history({}, expired));
  await sinkTo(hooks.url).deliver(delivery);
  await sinkTo(hooks.url).deliver({ ...delivery, entries: delivery.entries.slice(0, 1) });
  const [first, , again] = hooks.received;
  expect([again?.headers['webhook-id'], again?.body]).toEqual([first?.headers['webhook-id'], first?.body]);
});

test('two secrets sign at once, the newest first', async () => {
  const hooks = await receiver();
  await sinkTo(hooks.url, { secrets: [secret('new'), secret('old')] }).deliver(deliveryOf(history()));
  const [hook] = hooks.received;
  if (!hook) throw new Error('nothing came');
  const { headers, body } = hook;
  const expected = ['new', 'old'].map((name) => {
    const key = Buffer.from(secret(name).slice('whsec_'.length), 'base64');
    const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
    return `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
  });
  expect(headers['webhook-signature']?.split(' ')).toEqual(expected);
});

test.each([
  [301, 'failed'],
  [400, 'failed'],
  [401, 'denied'],
  [404, 'not_found'],
  [409, 'conflict'],
  [410, 'gone'],
  [422, 'failed'],
  [429, 'throttled'],
  [500, 'failed'],
  [502, 'failed'],
  [504, 'failed'],
])('an answer of %i is no delivery: %s', async (status, fault) => {
  const hooks = await receiver(() => status, { 'retry-after': '30' });
  await expect(sinkTo(hooks.url).deliver(deliveryOf(history()))).rejects.toMatchObject({
    fault,
    httpStatus: status,
    retryAfterMs: 30_000,
    message: `answered ${status}`,
  });
});

test('what was delivered before a failure is told, and the next delivery begins after it', async () => {
  const hooks = await receiver((n) => (n === 2 ? 500 : 200));
  const delivery = deliveryOf(history({}, expired));
  expect(await sinkTo(hooks.url).deliver(delivery)).toBe(1);
});

test('a receiver that does not answer in time', async () => {
  const hooks = await receiver(() => null);
  await expect(sinkTo(hooks.url, {}, 200).deliver(deliveryOf(history()))).rejects.toMatchObject({
    fault: 'unreachable',
    message: 'no answer in time',
  });
});

test('no error names the address', async () => {
  for (const url of [
    'http://127.0.0.1:1/secret',
    'http://10.0.0.1/secret',
    'https://nowhere.invalid/secret',
  ]) {
    await sinkTo(url)
      .deliver(deliveryOf(history()))
      .then(
        () => expect.unreachable(),
        (error: unknown) =>
          expect(JSON.stringify([error, String(error)])).not.toMatch(/secret|127|10\.0|nowhere/),
      );
  }
});

test('a secret that is none is refused at once', () => {
  for (const secrets of [[], ['whsec_'], ['abc'], [secret('one'), 'whsec_!!']]) {
    expect(() => sinkTo('https://hooks.example/x', { secrets })).toThrow(TypeError);
  }
});
