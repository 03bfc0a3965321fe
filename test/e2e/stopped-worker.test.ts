import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { decide, journeyOf } from '../support/journey.ts';
import { startProcess } from '../support/process.ts';
import { changeThat, eventually, startApi, startGround } from '../support/service.ts';

vi.setConfig({ testTimeout: 300_000 });

test('a worker that stood still neither ends nor repeats the call of the one that took over', async () => {
  const ground = await startGround();
  const api = await startApi(ground, { engineDeadlineMs: 60_000 });
  const extra = { ONSMQTT_DEADLINE_MS: '10000' };
  const stopped = await startProcess(ground, 'worker', extra);
  onTestFinished(async () => {
    await stopped.stop();
    await api.stop();
    await ground.stop();
  });
  const sn = await ground.certificate();
  const asked = await journeyOf(api).asked(sn);
  // It waits for its entry to be sealed when it is stopped.
  await ground.stopLog();
  await ground.fault(sn, { kind: 'pass', delayMs: 5000 });
  await decide(api.users.bob, asked);
  await changeThat(api.users.alice, asked.id, (c) => c.attempts.length === 1);
  stopped.kill('SIGSTOP');
  const other = await startProcess(ground, 'worker', extra);
  onTestFinished(() => other.stop());
  await changeThat(api.users.alice, asked.id, (c) => c.attempts.length === 2);
  await ground.startLog();
  await eventually(async () => ((await ground.calls(sn)).length === 1 ? true : null));
  // Beside the call that is under way.
  stopped.kill('SIGCONT');
  const end = await changeThat(api.users.alice, asked.id, (c) => c.closedAt !== null);
  await delay(3000);
  const [call, ...more] = await ground.calls(sn);
  expect(more).toEqual([]);
  expect(end).toMatchObject({ executionStatus: 'succeeded', outcome: { reconciled: false } });
  expect(end.attempts.map(({ outcome, code, requestId }) => [outcome, code, requestId])).toEqual([
    ['failed', 'not_sent', null],
    ['succeeded', 'OK', call?.requestId],
  ]);
});
