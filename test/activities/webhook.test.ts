import { expect, onTestFinished, test } from 'vitest';
import { makeWebhook, NotDelivered, signatureOf } from '../../activities/webhook.ts';
import { CountersignError } from '../../domain/error.ts';
import { startReceiver, webhookSecret } from '../support/receiver.ts';

const body = '{"type":"change.closed","timestamp":"2026-11-24T09:00:00.000Z","data":{}}';

async function receiver(answer: (nth: number) => number | null) {
  const started = await startReceiver((_message, nth) => answer(nth));
  onTestFinished(() => started.stop());
  return started;
}

test('the signature is that of the specification’s own example', () => {
  const key = Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64');
  const signature = signatureOf(key, 'msg_p5jXN8AQM9LWM0D4loKWxJek', '1614265330', '{"test": 2432232314}');
  expect(signature).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
});

test('a message arrives signed, under the same id however often it is sent', async () => {
  const { url, received } = await receiver(() => 204);
  const webhook = makeWebhook(url, webhookSecret);
  await webhook.send({ key: 'a', body });
  await webhook.send({ key: 'a', body });
  await webhook.send({ key: 'b', body });
  expect(received.map((r) => r.genuine)).toEqual([true, true, true]);
  const [first, again, other] = received.map((r) => r.id);
  expect(first).toMatch(/^msg_[0-9a-f]{32}$/);
  expect(again).toBe(first);
  expect(other).not.toBe(first);
});

test.each([301, 307, 400, 404, 410, 500, 503])('an answer of %d is no delivery', async (status) => {
  const { url, received } = await receiver(() => status);
  const sent = makeWebhook(url, webhookSecret).send({ key: 'a', body });
  await expect(sent).rejects.toBeInstanceOf(NotDelivered);
  expect(received).toHaveLength(1);
});

test('neither no answer nor nobody there is a delivery, and neither tells the address', async () => {
  const { url, stop } = await receiver(() => null);
  for (const end of [() => Promise.resolve(), stop]) {
    await end();
    const error = await makeWebhook(url, webhookSecret, { deadlineMs: 300 })
      .send({ key: 'a', body })
      .catch((e: unknown) => e);
    expect(error).toBeInstanceOf(NotDelivered);
    expect(JSON.stringify([String(error), (error as Error).cause ?? null])).not.toMatch(
      /secret-path|127\.0\.0\.1/,
    );
  }
});

test('while as many as may be are under way, one more is no delivery and does not wait', async () => {
  let hangs = true;
  const { url } = await receiver(() => (hangs ? null : 204));
  const webhook = makeWebhook(url, webhookSecret, { atOnce: 2, deadlineMs: 1000 });
  const hanging = ['a', 'b'].map((key) => webhook.send({ key, body }).catch((e: unknown) => e));
  await expect(webhook.send({ key: 'c', body })).rejects.toBeInstanceOf(NotDelivered);
  for (const error of await Promise.all(hanging)) expect(error).toBeInstanceOf(NotDelivered);
  hangs = false;
  await webhook.send({ key: 'c', body });
});

test.each([
  ['http://hooks.example/x', webhookSecret, 'COUNTERSIGN_WEBHOOK_URL'],
  ['http://127.0.0.1.example/x', webhookSecret, 'COUNTERSIGN_WEBHOOK_URL'],
  ['https://hooks.example/x', 'secret', 'COUNTERSIGN_WEBHOOK_SECRET'],
  ['https://hooks.example/x', 'whsec_c2hvcnQ=', 'COUNTERSIGN_WEBHOOK_SECRET'],
])('%s with the secret %s is refused', (url, secret, field) => {
  let thrown: unknown;
  try {
    makeWebhook(url, secret);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(CountersignError);
  expect(thrown).toMatchObject({ code: 'invalid_configuration', errors: [{ field }] });
  expect(String(thrown)).not.toContain(secret);
});
