import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { ChangeView } from '../../api/change-view.ts';
import { entriesOf } from '../support/steps.ts';
import { startProcess } from '../support/process.ts';
import { replayAll } from '../support/replay.ts';
import { eventually, startApi, startTestbed, submission } from '../support/service.ts';

const size = Number(process.env.SOAK_CHANGES ?? 100);
const kinds = [
  'error',
  'appliedThen500',
  'reset',
  'resetAfterApply',
  'hang',
  'hangAfterApply',
  'html',
  'truncated',
  'otherSn',
];
let seed = Number(process.env.SOAK_SEED ?? Date.now() % 100_000);

/** A small linear congruential generator: the run can be repeated from its seed. */
function random(): number {
  seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
  return seed / 2 ** 31;
}

test(`${size} changes under random faults while workers are killed: each ends once, with a whole log`, async () => {
  console.log(`soak: ${size} changes, seed ${seed}`);
  const testbed = await startTestbed();
  const api = await startApi(testbed, { engineDeadlineMs: 60_000 });
  const { alice, erin, bob, carol, dave } = api.users;
  let killing = true as boolean;
  const killer = (async () => {
    let kills = 0;
    while (killing) {
      const worker = await startProcess(testbed, 'worker');
      await delay(4000 + random() * 8000);
      await worker.stop();
      kills += 1;
    }
    return kills;
  })();

  const one = async (): Promise<void> => {
    const sn = await testbed.certificate();
    const faults = Math.floor(random() * 4);
    for (let i = 0; i < faults; i += 1) {
      await testbed.fault(sn, { kind: kinds[Math.floor(random() * kinds.length)] });
    }
    const requester = random() < 0.5 ? alice : erin;
    const key = randomUUID();
    const { id } = await eventually(
      () => requester.post<ChangeView>('/v1/changes', submission(sn), { 'Idempotency-Key': key }),
      () => `POST ${sn}`,
      600_000,
    );
    const seen = await eventually(
      async () => {
        const change = await requester.change(id);
        return change.digest === null ? null : change;
      },
      () => `digest of ${id}`,
      600_000,
    );
    const decision = { decision: random() < 0.9 ? 'approve' : 'reject', digest: seen.digest, comment: '' };
    const approver = random() < 0.5 ? bob : carol;
    await eventually(
      () => approver.post<ChangeView>(`/v1/changes/${id}/decisions`, decision),
      () => `decision on ${id}`,
      600_000,
    );
    const end = await eventually(
      async () => {
        const change = await requester.change(id);
        return change.closedAt === null ? null : change;
      },
      () => `end of ${id}`,
      900_000,
    );
    expect(end.executionStatus).toBe(decision.decision === 'approve' ? 'succeeded' : 'not_started');
    const entries = await entriesOf(dave, id);
    const count = (...types: string[]) => entries.filter((e) => types.includes(e.type)).length;
    expect(count('change.requested')).toBe(1);
    expect(count('change.closed')).toBe(1);
    expect(count('decision.approved', 'decision.rejected')).toBe(1);
    expect(count('attempt.succeeded', 'attempt.failed', 'attempt.unknown')).toBe(count('attempt.started'));
    const calls = await testbed.calls(sn);
    expect(calls.length).toBeLessThanOrEqual(count('attempt.started'));
    expect(calls.filter((c) => c.applied).length).toBe(decision.decision === 'approve' ? 1 : 0);
  };

  const waiting = Array.from({ length: size }, () => one);
  await Promise.all(
    Array.from({ length: 12 }, async () => {
      for (let next = waiting.pop(); next; next = waiting.pop()) await next();
    }),
  );
  killing = false;
  const kills = await killer;
  console.log(
    `soak: ${size} changes ended, ${kills} workers killed, ${await replayAll(testbed)} histories replayed`,
  );
  await api.stop();
  await testbed.stop();
});
