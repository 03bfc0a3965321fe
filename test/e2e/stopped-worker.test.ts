import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { decide, stepsOf } from '../support/steps.ts';
import { startProcess } from '../support/process.ts';
import { changeThat, eventually, startApi, startTestbed } from '../support/service.ts';

vi.setConfig({ testTimeout: 300_000 });

test('a worker that stood still neither ends nor repeats the call of the one that took over', async () => {
  const testbed = await startTestbed();
  const api = await startApi(testbed, { engineDeadlineMs: 60_000 });
  const extra = { ONSMQTT_DEADLINE_MS: '10000' };
  const stopped = await startProcess(testbed, 'worker', extra);
  onTestFinished(async () => {
    await stopped.stop();
    await api.stop();
    await testbed.stop();
  });
  const sn = await testbed.certificate();
  const asked = await stepsOf(api).asked(sn);
  // It waits for its entry to be sealed when it is stopped.
  await testbed.stopLog();
  await testbed.fault(sn, { kind: 'pass', delayMs: 5000 });
  await decide(api.users.bob, asked);
  await changeThat(api.users.alice, asked.id, (c) => c.attempts.length === 1);
  stopped.kill('SIGSTOP');
  const other = await startProcess(testbed, 'worker', extra);
  onTestFinished(() => other.stop());
  await changeThat(api.users.alice, asked.id, (c) => c.attempts.length === 2);
  await testbed.startLog();
  await eventually(async () => ((await testbed.calls(sn)).length === 1 ? true : null));
  // Beside the call that is under way.
  stopped.kill('SIGCONT');
  const end = await changeThat(api.users.alice, asked.id, (c) => c.closedAt !== null);
  await delay(3000);
  const [call, ...more] = await testbed.calls(sn);
  expect(more).toEqual([]);
  expect(end).toMatchObject({ executionStatus: 'succeeded', outcome: { reconciled: false } });
  expect(end.attempts.map(({ outcome, code, requestId }) => [outcome, code, requestId])).toEqual([
    ['failed', 'not_sent', null],
    ['succeeded', 'OK', call?.requestId],
  ]);
});
