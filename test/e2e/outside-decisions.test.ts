import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Told } from '../../api/inbound.ts';
import type { ChangeView } from '../../api/change-view.ts';
import { directoryFrom } from '../../policies/directory.ts';
import type { PersonId } from '../../domain/person.ts';
import type { PinnedPolicy } from '../../domain/policy.ts';
import { decide, entriesOf, stepsOf } from '../support/steps.ts';
import { choiceOf, outsideSystem, signedSending } from '../support/outside-system.ts';
import { policyWith } from '../support/policy.ts';
import { replayAll } from '../support/replay.ts';
import { changeThat, instance, startApi, startTestbed, startWorkers } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';

/* Decisions that people make in a chat, through the API, the workflow and the log. */

const secret = 'signs what the chat sends';
const chat: PinnedPolicy['channels'] = [{ name: 'chat', mode: 'decide' }];

let testbed: Testbed;
let workers: Awaited<ReturnType<typeof startWorkers>>;
let directory = directoryFrom({});
const apis: Awaited<ReturnType<typeof startApi>>[] = [];

beforeAll(async () => {
  testbed = await startTestbed();
  const { issuer } = testbed.identity;
  const mapped = (subject: string, roles: 'approver'[] = ['approver']) => ({
    issuer,
    subject,
    roles,
    accounts: [{ system: 'chat', team: 'T1', user: `U-${subject}` }],
  });
  directory = directoryFrom({ plant: [{ issuer, subject: 'frank' }] }, [
    mapped('bob'),
    mapped('carol'),
    mapped('frank'),
    mapped('alice'),
    mapped('erin', []),
  ]);
  workers = await startWorkers(testbed, { groupsIn: (person: PersonId) => directory.groupsIn(person) });
});
afterAll(async () => {
  expect(await replayAll(testbed)).toBeGreaterThan(1);
  await workers.stop();
  await Promise.all(apis.map((api) => api.stop()));
  await testbed.stop();
});

/** An API under a policy of its own, and what people do in its chat. */
async function under(changed: Partial<PinnedPolicy>) {
  const told: Told[] = [];
  const policy = policyWith({ name: 'of the chat', ...changed });
  const api = await startApi(testbed, {
    policies: { current: () => ({ rules: [{ policy, match: {} }], directory }) },
    inbound: () =>
      new Map([
        [
          'chat',
          outsideSystem([secret], {
            answer: (answer) => ({ ...answer }),
            tell(_to, what) {
              told.push(what);
              return Promise.resolve();
            },
          }),
        ],
      ]),
  });
  apis.push(api);

  async function send(signed: ReturnType<typeof signedSending>): Promise<Record<string, unknown>> {
    const answer = await fetch(`${api.url}/v1/inbound/chat`, {
      method: 'POST',
      headers: signed.headers,
      body: signed.raw,
    });
    return { status: answer.status, ...((await answer.json()) as object) };
  }
  /** What somebody is answered who decides in the chat. */
  const inChat = (user: string, change: ChangeView, action: 'approve' | 'reject' = 'approve') =>
    send(
      signedSending(
        secret,
        choiceOf('decision', `U-${user}`, change, { action, comment: 'seen in the chat' }),
      ),
    );
  const refusals = async (id: string) =>
    (await entriesOf(api.users.dave, id))
      .filter(({ type }) => type === 'decision.refused')
      .map(({ outcome, actor }) => [(actor as { subject: string }).subject, outcome]);
  return { ...stepsOf(api), ...api, inChat, send, refusals, told };
}

const recorded = { status: 200, outcome: 'recorded' };
const refused = (code: string) => ({ status: 200, outcome: 'refused', code });

test('where the policy names the chat, a mapped person approves there, and the call is made', async () => {
  const { asked, ended, inChat, users } = await under({ channels: chat });
  const sn = await testbed.certificate();
  const change = await asked(sn);
  expect(await inChat('bob', change)).toMatchObject(recorded);
  const end = await ended(change.id);
  expect(end).toMatchObject({
    executionStatus: 'succeeded',
    decisions: [
      {
        decision: 'approve',
        comment: 'seen in the chat',
        person: {
          issuer: testbed.identity.issuer,
          subject: 'bob',
          roles: ['approver'],
          groups: [],
          authentication: { methods: ['via:chat'], at: null },
        },
      },
    ],
  });
  expect((await testbed.calls(sn)).filter((call) => call.applied)).toHaveLength(1);
  const types = (await entriesOf(users.dave, change.id)).map(({ type }) => type);
  expect(types.filter((type) => type === 'decision.approved')).toHaveLength(1);
});

test('where no channel is named nothing counts, and each try is an entry', async () => {
  const { asked, inChat, users, refusals } = await under({});
  const change = await asked(await testbed.certificate());
  expect(await inChat('bob', change)).toMatchObject(refused('channel_not_allowed'));
  expect(await inChat('bob', change, 'reject')).toMatchObject(refused('channel_not_allowed'));
  expect(await refusals(change.id)).toEqual([
    ['bob', 'channel_not_allowed'],
    ['bob', 'channel_not_allowed'],
  ]);
  const still = await users.alice.change(change.id);
  expect([still.decisionStatus, still.decisions]).toEqual(['pending', []]);
  // With a token of their own the same person decides.
  expect((await decide(users.bob, change)).decisionStatus).toBe('approved');
});

test('an account without a mapping, the requester, and who has no role or no seat', async () => {
  const { asked, inChat, refusals } = await under({
    channels: chat,
    stages: [{ name: 'one', groups: [{ group: 'plant', threshold: 1 }] }],
    groups: { plant: { source: 'directory' } },
  });
  const change = await asked(await testbed.certificate());
  const tries = [
    ['nobody', 'account_not_mapped'],
    ['alice', 'self_approval'],
    ['erin', 'not_an_approver'],
    ['bob', 'not_an_approver'],
  ] as const;
  for (const [user, code] of tries) expect(await inChat(user, change)).toMatchObject(refused(code));
  expect(await refusals(change.id)).toEqual(
    tries.map(([user, code]) => [user === 'nobody' ? 'T1/U-nobody' : user, code]),
  );
  // The directory says that frank is in the group.
  expect(await inChat('frank', change)).toMatchObject(recorded);
});

test('groups of tokens are not known in a chat', async () => {
  const { asked, inChat, users } = await under({
    channels: chat,
    stages: [{ name: 'one', groups: [{ group: 'operations', threshold: 1 }] }],
    groups: { operations: { source: 'token' } },
  });
  const change = await asked(await testbed.certificate());
  expect(await inChat('bob', change)).toMatchObject(refused('not_an_approver'));
  expect((await decide(users.bob, change)).decisionStatus).toBe('approved');
});

test('a policy that asks for a second factor refuses by itself', async () => {
  const { asked, inChat, refusals } = await under({ channels: chat, authentication: { methods: ['mfa'] } });
  const change = await asked(await testbed.certificate());
  expect(await inChat('bob', change)).toMatchObject(refused('stronger_authentication_needed'));
  expect(await refusals(change.id)).toEqual([['bob', 'stronger_authentication_needed']]);
});

test('where only rejections count, an approval does not', async () => {
  const { asked, ended, inChat } = await under({ channels: [{ name: 'chat', mode: 'reject_only' }] });
  const change = await asked(await testbed.certificate());
  expect(await inChat('bob', change)).toMatchObject(refused('channel_not_allowed'));
  expect(await inChat('bob', change, 'reject')).toMatchObject({ ...recorded, action: 'reject' });
  expect((await ended(change.id)).decisionStatus).toBe('rejected');
});

test('a button of an earlier round decides nothing of the next', async () => {
  const { asked, ended, inChat, users } = await under({ channels: chat });
  const sn = await testbed.certificate();
  const first = await asked(sn);
  await testbed.control('PUT', '/_sim/certificates', {
    mqttInstanceId: instance,
    sn,
    caName: 'another line',
    status: '0',
  });
  expect(await inChat('bob', first)).toMatchObject(recorded);
  const second = await changeThat(users.alice, first.id, (c) => c.round === 2 && c.digest !== null);
  expect(await inChat('carol', first)).toMatchObject(refused('digest_mismatch'));
  expect(await inChat('carol', second)).toMatchObject(recorded);
  expect(await ended(first.id)).toMatchObject({ executionStatus: 'succeeded', round: 2 });
});

test('two clicks at once: two people have two seats, one person has one', async () => {
  const { asked, ended, inChat, users } = await under({
    channels: chat,
    stages: [{ name: 'one', groups: [{ group: null, threshold: 2 }] }],
  });
  const change = await asked(await testbed.certificate());
  const twice = await Promise.all([inChat('bob', change), inChat('bob', change)]);
  for (const answer of twice) expect(answer).toMatchObject(recorded);
  expect((await users.alice.change(change.id)).decisionStatus).toBe('pending');
  const other = await asked(await testbed.certificate());
  await Promise.all([inChat('bob', other), inChat('carol', other), inChat('carol', change)]);
  for (const { id } of [change, other]) {
    expect((await ended(id)).executionStatus).toBe('succeeded');
    const types = (await entriesOf(users.dave, id)).map(({ type }) => type);
    expect(types.filter((type) => type === 'decision.approved')).toHaveLength(2);
  }
});

test('what approves and rejects at once comes to one outcome', async () => {
  const { asked, ended, inChat } = await under({ channels: chat });
  const change = await asked(await testbed.certificate());
  const answers = await Promise.all([inChat('bob', change), inChat('carol', change, 'reject')]);
  const kept = answers.filter(({ outcome }) => outcome === 'recorded');
  expect(kept).toHaveLength(1);
  const { decisionStatus } = await ended(change.id);
  expect(decisionStatus).toBe(kept[0]?.['action'] === 'approve' ? 'approved' : 'rejected');
});

test('a delivery that is sent again after its decision was taken back decides nothing', async () => {
  const { asked, send, url, users } = await under({
    channels: chat,
    stages: [{ name: 'one', groups: [{ group: null, threshold: 2 }] }],
  });
  const change = await asked(await testbed.certificate());
  const captured = signedSending(secret, choiceOf('decision', 'U-bob', change));
  expect(await send(captured)).toMatchObject(recorded);
  await users.bob.delete(`/v1/changes/${change.id}/decisions`);
  const cameBefore = { outcome: 'unavailable', code: 'outcome_not_known' };
  expect(await send(captured)).toMatchObject({ status: 200, ...cameBefore });
  expect((await users.alice.change(change.id)).decisions.filter((d) => d.counts)).toEqual([]);
  // Nor at another replica.
  const { url: other } = await under({ channels: chat });
  expect(other).not.toBe(url);
  const again = await fetch(`${other}/v1/inbound/chat`, {
    method: 'POST',
    headers: captured.headers,
    body: captured.raw,
  });
  expect([again.status, await again.json()]).toMatchObject([200, cameBefore]);
  // An altered one is none of the chat's.
  const forged = {
    ...captured,
    raw: captured.raw.replace(/"deliveryId":"[^"]*"/, `"deliveryId":"${randomUUID()}"`),
  };
  expect(await send(forged)).toMatchObject({ status: 401 });
});
