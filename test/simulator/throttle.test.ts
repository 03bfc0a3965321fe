import { afterEach, expect, test, vi } from 'vitest';
import { startSimulator } from '../../simulator/server.ts';
import type { RunningSimulator } from '../../simulator/server.ts';
import { Throttle } from '../../simulator/throttle.ts';
import { calls, control } from './control-client.ts';
import { INSTANCE, SN, call, failure, sendRaw, sign } from './vendor-client.ts';

vi.setConfig({ testTimeout: 60_000 });

const query = { MqttInstanceId: INSTANCE, Sn: SN };
let simulator: RunningSimulator | undefined;

afterEach(() => simulator?.close());

test('exactly the limit fits into any sliding second', () => {
  const throttle = new Throttle();
  for (let n = 0; n < 500; n += 1) expect(throttle.take(n, 500)).toBeUndefined();
  expect(throttle.take(999, 500)).toBe(1);
  expect(throttle.take(999.5, 500)).toBe(1);
  expect(throttle.take(1000, 500)).toBeUndefined();
  expect(throttle.take(1000.5, 500)).toBe(1);
  expect(throttle.take(1002, 500)).toBeUndefined();
  expect(throttle.take(1002, 500)).toBeUndefined();
  expect(throttle.peak).toBe(503);
});

test('a long run stays within bounded memory and keeps counting right', () => {
  const throttle = new Throttle();
  let refused = 0;
  for (let n = 0; n < 100_000; n += 1) if (throttle.take(n, 500) !== undefined) refused += 1;
  expect(refused).toBe(50_000);
  expect(throttle.peak).toBe(1000);
});

test('calls above the limit are throttled, told when to come back, and recorded', async () => {
  const running = await startSimulator({ callsPerSecond: 1, seed: [{ mqttInstanceId: INSTANCE, sn: SN }] });
  simulator = running;
  // Sent at once over connections of their own, so that they arrive within a second whatever the machine does.
  const answers = await Promise.all(
    Array.from({ length: 8 }, () =>
      sendRaw(running.port, sign(running.port, 'GetCaCertificate', { method: 'GET', query })),
    ),
  );
  const throttled = answers.filter(({ status }) => status === 429);
  expect(throttled.length).toBeGreaterThanOrEqual(1);
  expect(answers.length - throttled.length).toBeGreaterThanOrEqual(1);
  const retryAfterMs = Number(throttled[0]?.headers['x-acs-retry-after']);
  expect(retryAfterMs).toBeGreaterThanOrEqual(1);
  expect(retryAfterMs).toBeLessThanOrEqual(1000);
  expect(throttled[0]?.headers['retry-after']).toBe('1');
  const recorded = await calls(running, '?code=Throttling.User');
  expect(recorded.calls).toHaveLength(throttled.length);
  expect(recorded.total).toBe(8);
  expect(recorded.peakPerSecond).toBeGreaterThanOrEqual(2);
});

test('the SDK throws ThrottlingError with retryAfter in milliseconds; after that time a call goes through', async () => {
  const running = await startSimulator({ callsPerSecond: 1, seed: [{ mqttInstanceId: INSTANCE, sn: SN }] });
  simulator = running;
  const thrown = await vi.waitFor(() => failure(running, 'GetCaCertificate', query), {
    timeout: 30_000,
    interval: 0,
  });
  expect(thrown).toMatchObject({ name: 'ThrottlingError', code: 'Throttling.User', statusCode: 429 });
  expect(thrown.retryAfter).toBeGreaterThanOrEqual(1);
  expect(thrown.retryAfter).toBeLessThanOrEqual(1000);
  await vi.waitFor(() => call(running, 'GetCaCertificate', query), { timeout: 30_000, interval: 100 });
});

test('the limit can be changed while it runs', async () => {
  const running = await startSimulator({ callsPerSecond: 1, seed: [{ mqttInstanceId: INSTANCE, sn: SN }] });
  simulator = running;
  await control(running, 'PUT', '/settings', { callsPerSecond: 10_000 });
  for (let n = 0; n < 20; n += 1) await call(running, 'GetCaCertificate', query);
  expect((await calls(running, '?code=Throttling.User')).calls).toEqual([]);
});
