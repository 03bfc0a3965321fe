import { randomUUID } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { ChangeView } from '../../api/change-view.ts';
import type { ApiClient } from '../../client/api-client.ts';
import { workflowIdOf } from '../../domain/change.ts';
import type { Change } from '../../domain/change.ts';
import { loadPolicies } from '../../policies/load.ts';
import { stateQuery } from '../../workflows/messages.ts';
import { problemsIn } from '../support/followed.ts';
import { entriesOf, inMs } from '../support/steps.ts';
import { startProcess } from '../support/process.ts';
import { replayAll } from '../support/replay.ts';
import { eventually, startApi, startTestbed, submission } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';

/** Changes; SOAK_CHANGES, so many at once as SOAK_AT_ONCE says. They are asked for in batches, each under a policy of its own, which may be revoked. */
const size = Number(process.env.SOAK_CHANGES ?? 200);
const batch = 25;
const atOnce = Number(process.env.SOAK_AT_ONCE ?? 10);
let seed = Number(process.env.SOAK_SEED ?? Date.now() % 100_000);

/** A small linear congruential generator: the run can be repeated from its seed. */
function random(): number {
  seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
  return seed / 2 ** 31;
}
const oneOf = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
const instanceOf = (n: number) => `post-cn-batch${Math.floor(n / batch)}`;

/** Two of operations, or one and security; the escalation group helps after some seconds, and bob is in it, too. */
function policyText(issuer: string): string {
  const policies = Array.from({ length: Math.ceil(size / batch) }, (_, n) =>
    [
      `  - name: batch${n}`,
      `    version: "1"`,
      `    match: { instance: ["${instanceOf(n * batch)}"] }`,
      '    stages:',
      '      - name: review',
      '        groups:',
      '          - { group: operations, threshold: 1 }',
      '          - { group: security, threshold: 1 }',
      `    reject: ${n % 3 === 0 ? 'any' : n % 3 === 1 ? 'majority' : '{ count: 2 }'}`,
      '    commentRequired: never',
      '    decideWithin: 1h',
      '    executeWithin: 1h',
      '    escalation: { after: 4s, group: board }',
    ].join('\n'),
  );
  return [
    'groups:',
    '  operations: { source: token }',
    '  security: { source: directory }',
    '  board:',
    '    source: members',
    `    members: [{ issuer: "${issuer}", subject: bob }, { issuer: "${issuer}", subject: carol }]`,
    'policies:',
    ...policies,
    '',
  ].join('\n');
}
const directoryText = (issuer: string, here: boolean): string =>
  `groups:\n  security:\n    - { issuer: "${issuer}", subject: ${here ? 'frank' : 'carol'} }\n`;

/** From when to when nothing may begin, by this machine's clock: API, workers and this test share it. */
interface Stop {
  readonly from: number;
  to: number;
}

test(`${size} changes under random words, slow reads, hanging calls and kills: what stops stops, all end, one story`, async () => {
  console.log(`soak: ${size} changes, seed ${seed}`);
  const testbed = await startTestbed();
  const { issuer } = testbed.identity;
  const policyFile = join(testbed.home, 'policy.yaml');
  const directoryFile = join(testbed.home, 'directory.yaml');
  await writeFile(policyFile, policyText(issuer));
  await writeFile(directoryFile, directoryText(issuer, true));
  const files = {
    COUNTERSIGN_POLICY: policyFile,
    COUNTERSIGN_DIRECTORY: directoryFile,
    OIDC_ISSUER: issuer,
    ONSMQTT_REGION: 'cn-hangzhou',
  };
  const policies = await loadPolicies({ policyFile, directoryFile, issuer });
  const api = await startApi(testbed, { policies, engineDeadlineMs: 30_000 });
  const { alice, erin, bob, carol, frank, olga, adam, dave } = api.users;

  let running = true;
  const kills = { worker: 0 };
  const isRunning = () => running;
  const workers = [0, 1].map(async () => {
    while (isRunning()) {
      const worker = await startProcess(testbed, 'worker', files).catch((error: unknown) => {
        console.log(`soak: a worker did not start: ${String(error).slice(0, 2000)}`);
        return null;
      });
      if (worker === null) continue;
      const until = Date.now() + 8000 + random() * 15_000;
      while (isRunning() && Date.now() < until) await delay(200);
      await worker.stop();
      kills.worker += 1;
    }
  });
  // As the API's process does.
  const told = (async () => {
    while (isRunning()) {
      await api.tellStops().catch(() => undefined);
      await delay(3000);
    }
  })();
  // Somebody leaves the directory and comes back.
  const directory = (async () => {
    for (let here = false; isRunning(); here = !here) {
      await delay(7000);
      // As an editor should: never a half-written file.
      await writeFile(`${directoryFile}.new`, directoryText(issuer, here));
      await rename(`${directoryFile}.new`, directoryFile);
      await policies.reload();
    }
  })();

  const words = new Map<string, number>();
  const noted = (word: string, done: boolean) =>
    words.set(
      `${word} ${done ? 'accepted' : 'refused'}`,
      (words.get(`${word} ${done ? 'accepted' : 'refused'}`) ?? 0) + 1,
    );
  /** Says something; whether it was accepted. */
  async function say(word: string, work: () => Promise<unknown>): Promise<boolean> {
    const done = await work().then(
      () => true,
      (error: unknown) => {
        const { code } = error as { code?: string };
        if (code === 'internal_error') throw error;
        return false;
      },
    );
    noted(word, done);
    return done;
  }
  /** Stops of a batch: freezes and revocations. */
  const ofBatch = new Map<string, Stop[]>();
  const stopsOf = (instance: string) => {
    const known = ofBatch.get(instance) ?? [];
    ofBatch.set(instance, known);
    return known;
  };

  async function one(n: number): Promise<void> {
    const mqttInstanceId = instanceOf(n);
    const sn = await testbed.certificate({ mqttInstanceId });
    for (let i = Math.floor(random() * 3); i > 0; i -= 1) {
      await testbed.fault(sn, {
        kind: oneOf(['error', 'error', 'hang', 'appliedThen500', 'resetAfterApply']),
      });
    }
    if (random() < 0.7) await testbed.slowRead(sn, Math.round(300 + random() * 1000));
    const requester = oneOf([alice, erin]);
    const key = randomUUID();
    const clocks = { decideBy: inMs(25_000), executeBy: inMs(60_000) };
    const body = { ...submission(sn, clocks), input: { regionId: 'cn-hangzhou', mqttInstanceId, sn } };
    let refusal: string | undefined;
    const asked = await eventually(
      () =>
        requester
          .post<ChangeView>('/v1/changes', body, { 'Idempotency-Key': key })
          .catch((error: unknown) => {
            const { code } = error as { code?: string };
            // Its policy was revoked, or nobody is in the directory who could approve it just now.
            if (code !== 'policy_revoked' && code !== 'policy_unsatisfiable' && code !== 'invalid_request')
              throw error;
            refusal = code;
            return { id: null };
          }),
      () => `POST ${sn}`,
      600_000,
    );
    if (asked.id === null) {
      noted(`submission: ${refusal ?? ''}`, false);
      return;
    }
    const { id } = asked;
    const stops: Stop[] = [];
    const path = `/v1/changes/${id}`;
    const current = () => requester.change(id);
    const decide = (by: ApiClient, decision: string) => async () => {
      const { digest } = await current();
      if (digest === null) throw Object.assign(new Error('not read yet'), { code: 'not_awaiting_decision' });
      return by.post(`${path}/decisions`, { decision, digest, comment: 'a comment' });
    };
    const execution = (action: string) => () =>
      olga.post(`${path}/execution`, { action, comment: 'said by the soak' });
    const acts: readonly (() => Promise<unknown>)[] = [
      ...[bob, carol, frank].flatMap((by) => [
        () => say('approve', decide(by, 'approve')),
        () => say('approve', decide(by, 'approve')),
        () => say('take back', () => by.delete(`${path}/decisions`)),
      ]),
      () => say('reject', decide(oneOf([bob, carol, frank]), 'reject')),
      // From when to when they held, the log says: two people's answers may cross.
      () => say('pause', execution('pause')),
      () => say('resume', execution('resume')),
      () => say('retry', execution('retry')),
      async () => {
        if (random() < 0.15 && (await say('abandon', execution('abandon'))))
          stops.push({ from: Date.now(), to: Infinity });
      },
      async () => {
        if (
          random() < 0.15 &&
          (await say('withdraw', () => requester.post(`${path}/withdrawal`, { comment: '' })))
        )
          stops.push({ from: Date.now(), to: Infinity });
      },
      async () => {
        if (random() > 0.05) return;
        const freeze = await adam.post<{ id: string }>('/v1/freezes', { reason: 'soak', mqttInstanceId });
        const stop: Stop = { from: Date.now(), to: Infinity };
        stopsOf(mqttInstanceId).push(stop);
        await delay(random() * 3000);
        stop.to = Date.now();
        await adam.delete(`/v1/freezes/${freeze.id}`);
        noted('freeze', true);
      },
      async () => {
        if (random() > 0.01) return;
        const { policy } = await current();
        if (
          await say('revoke', () =>
            adam.post('/v1/policy-revocations', { digest: policy.digest, comment: 'soak' }),
          )
        )
          stopsOf(mqttInstanceId).push({ from: Date.now(), to: Infinity });
      },
    ];
    // Several people at once, each with words of their own.
    await Promise.all(
      Array.from({ length: 4 }, async () => {
        for (let i = 0; i < 8; i += 1) {
          await delay(random() * 700);
          await oneOf(acts)().catch((error: unknown) => {
            throw new Error(`change ${id}: ${String(error)}`, { cause: error });
          });
        }
      }),
    );
    let last: ChangeView | undefined;
    const end = await eventually(
      async () => {
        last = await current();
        return last.closedAt === null ? null : last;
      },
      () => `end of ${JSON.stringify(last)}`,
      900_000,
    ).catch(async (error: unknown) => {
      console.log(`soak: ${done} changes, ${kills.worker} workers killed; ${await stateOf(testbed, id)}`);
      throw error;
    });
    await judge(testbed, dave, end, sn, [...stops, ...stopsOf(mqttInstanceId)]);
  }

  let done = 0;
  const waiting = Array.from({ length: size }, (_, n) => n).reverse();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        await one(next);
        done += 1;
        if (done % 100 === 0) console.log(`soak: ${done} changes at ${new Date().toISOString()}`);
      }
    }),
  );
  running = false;
  await Promise.all([...workers, told, directory]);
  console.log(
    `soak: ${size} changes, ${kills.worker} workers killed, ${JSON.stringify(Object.fromEntries([...words].sort()))}`,
  );
  console.log(`soak: ${await replayAll(testbed)} histories replayed`);
  await api.stop();
  await testbed.stop();
});

/** What Temporal knows of a change that does not end: what it waits for, and the last events of its history. */
async function stateOf(testbed: Testbed, id: string): Promise<string> {
  const handle = testbed.client.workflow.getHandle(workflowIdOf(id));
  const { raw } = await handle.describe();
  const { events } = await handle.fetchHistory();
  return JSON.stringify({
    status: raw.workflowExecutionInfo?.status,
    pendingWorkflowTask: raw.pendingWorkflowTask,
    pendingActivities: raw.pendingActivities,
    events: events?.length,
    last: events?.slice(-12),
  });
}

/** No call began in a time in which none might; one story in API, workflow and log. */
async function judge(
  testbed: Testbed,
  auditor: ApiClient,
  end: ChangeView,
  sn: string,
  stops: readonly Stop[],
): Promise<void> {
  const all = [...stops, ...stopsIn(await entriesOf(auditor, end.id))];
  for (const { sentAt, ordinal } of end.attempts) {
    if (sentAt === null) continue;
    const sent = Date.parse(sentAt);
    const broken = all.find(({ from, to }) => sent > from && sent < to);
    if (broken)
      throw new Error(`attempt ${ordinal} of ${end.id} was sent at ${sentAt}, stopped since ${broken.from}`);
  }
  const calls = await testbed.calls(sn);
  expect(calls.length).toBeLessThanOrEqual(end.attempts.filter(({ sentAt }) => sentAt !== null).length);
  const entries = await entriesOf(auditor, end.id);
  const problems = problemsIn(entries, end);
  if (problems.length > 0) throw new Error(`${end.id}: ${JSON.stringify(problems)}`);
  const closed = entries.filter(({ type }) => type === 'change.closed');
  expect(closed).toHaveLength(1);
  const story = ({
    decisionStatus,
    executionStatus,
    outcome,
  }: Pick<Change, 'decisionStatus' | 'executionStatus' | 'outcome'>) => [
    decisionStatus,
    executionStatus,
    outcome?.code,
  ];
  expect(story(closed[0] as unknown as Change)).toEqual(story(end));
  const handle = testbed.client.workflow.getHandle(workflowIdOf(end.id));
  // A worker that is killed right after the last write leaves the workflow's last task to another.
  let state: Change | undefined;
  await eventually(
    async () => {
      state = await handle.query(stateQuery);
      return JSON.stringify(story(state)) === JSON.stringify(story(end)) ? true : null;
    },
    () => `one story of ${end.id}: ${JSON.stringify([state && story(state), story(end)])}`,
    600_000,
  );
}

/** From when to when words stopped a change, as the log has them: each was written while no call could begin. */
function stopsIn(entries: Awaited<ReturnType<typeof entriesOf>>): Stop[] {
  const stops: Stop[] = [];
  let since: number | null = null;
  for (const { type, time } of entries) {
    if (type === 'stop.requested') since ??= Date.parse(time);
    if (type === 'stop.lifted' && since !== null) {
      stops.push({ from: since, to: Date.parse(time) });
      since = null;
    }
  }
  return since === null ? stops : [...stops, { from: since, to: Infinity }];
}
