import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ChangeView } from '../../api/change-view.ts';
import { inboundSystems } from '../../cli/inbound-systems.ts';
import { openInboundWork } from '../../cli/inbound-work.ts';
import type { PersonId } from '../../domain/person.ts';
import type { PinnedPolicy } from '../../domain/policy.ts';
import { directoryFrom } from '../../policies/directory.ts';
import { startSlack } from '../../simulator/slack/server.ts';
import type { RunningSlack } from '../../simulator/slack/server.ts';
import { getChange } from '../../store/get-change.ts';
import { makePool } from '../../store/pool.ts';
import { startInbound } from '../../tickets/inbound/start-inbound.ts';
import { integrationsDocument } from '../../tickets/integrations.ts';
import { messageOf } from '../../tickets/slack/message.ts';
import { refusalText } from '../../tickets/slack/person-text.ts';
import { entriesOf, stepsOf } from '../support/steps.ts';
import { operations } from '../support/operations.ts';
import { policyWith } from '../support/policy.ts';
import { eventually, startApi, startTestbed, startWorkers } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';

/* From a button in a local Slack to the call: the API hears Slack, the deliverer's part opens the modal. */

const token = 'local-slack-token';
let testbed: Testbed;
let slack: RunningSlack;
let workers: Awaited<ReturnType<typeof startWorkers>>;
let api: Awaited<ReturnType<typeof startApi>>;
let policy: PinnedPolicy;
let deliverer: ReturnType<typeof makePool>;
let inbound: ReturnType<typeof startInbound>;
const failures: object[] = [];

beforeAll(async () => {
  testbed = await startTestbed();
  slack = await startSlack({ limits: { posts: null } });
  const secretFile = join(testbed.home, 'slack-signing-secret');
  const tokenFile = join(testbed.home, 'slack-token');
  await writeFile(secretFile, 'local-slack-signing-secret\n');
  await writeFile(tokenFile, `${token}\n`);
  const integrations = integrationsDocument.parse({
    systems: {
      slack: {
        kind: 'slack',
        url: slack.url,
        team: slack.team,
        channel: 'C0CHANGES',
        tokenFile,
        signingSecretFiles: [secretFile],
      },
    },
  });
  const { issuer } = testbed.identity;
  const mapped = (subject: string) => ({
    issuer,
    subject,
    roles: ['approver' as const],
    accounts: [{ system: 'slack', team: slack.team, user: `U0${subject.toUpperCase()}` }],
  });
  const directory = directoryFrom({}, [mapped('bob'), mapped('alice')]);
  policy = policyWith({ channels: [{ name: 'slack', mode: 'decide' }], commentRequired: 'always' });
  const systems = await inboundSystems(integrations, fetch);
  api = await startApi(testbed, {
    policies: { current: () => ({ rules: [{ policy, match: {} }], directory }) },
    inbound: () => systems,
  });
  await steer('PUT', '/interactivity', { url: `${api.url}/v1/inbound/slack` });
  workers = await startWorkers(testbed, { groupsIn: (person: PersonId) => directory.groupsIn(person) });
  deliverer = makePool({
    connectionString: testbed.database.url('superuser'),
    applicationName: 'test deliverer',
  });
  inbound = startInbound({
    pool: deliverer,
    log: { warn: (fields) => failures.push(fields) },
    ...(await openInboundWork(integrations, { pool: deliverer, operations, fetch, now: Date.now })),
  });
});
afterAll(async () => {
  await inbound.stop();
  await workers.stop();
  await api.stop();
  await deliverer.end();
  await slack.close();
  await testbed.stop();
});

async function steer(method: string, path: string, body: object): Promise<Record<string, unknown>> {
  const response = await fetch(`${slack.url}/_sim${path}`, { method, body: JSON.stringify(body) });
  return (await response.json()) as Record<string, unknown>;
}

/** Posts the change's message with its buttons, as the sink does. */
async function posted(change: ChangeView): Promise<void> {
  const stored = await getChange(deliverer, change.id);
  if (!stored) throw new Error('the change is not stored');
  const content = messageOf({
    change: stored,
    subscription: 'chat',
    presented: null,
    link: null,
    choices: ['approve', 'reject'],
    now: null,
  });
  const answer = await fetch(`${slack.url}/api/chat.postMessage`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ channel: 'C0CHANGES', ...content }),
  });
  expect(await answer.json()).toMatchObject({ ok: true });
}

const press = (user: string, choice: 'approve' | 'reject' = 'approve') =>
  steer('POST', '/clicks', { user, actionId: `countersign.${choice}` });

test('a press, a comment in the modal, and the call is made', async () => {
  const { asked, ended } = stepsOf(api);
  const sn = await testbed.certificate();
  const change = await asked(sn);
  await posted(change);
  // Slack lets a press live for 3 s: on a slow machine it is pressed again, as a person would.
  await eventually(async () => {
    expect(await press('U0BOB')).toMatchObject({ delivered: true, status: 200 });
    const isOpen = () => Promise.resolve(slack.workspace.views.some(({ user }) => user === 'U0BOB') || null);
    return eventually(isOpen, () => 'the modal', 4000);
  });
  // Without a comment the modal stays open and says so.
  expect(await steer('POST', '/submissions', { user: 'U0BOB', comment: null })).toMatchObject({
    answer: { response_action: 'errors' },
  });
  const sent = await steer('POST', '/submissions', { user: 'U0BOB', comment: 'checked with the plant' });
  expect(sent).toMatchObject({ status: 200 });
  const end = await ended(change.id);
  expect(end).toMatchObject({
    executionStatus: 'succeeded',
    decisions: [
      {
        comment: 'checked with the plant',
        person: { subject: 'bob', authentication: { methods: ['via:slack'], at: null } },
      },
    ],
  });
  expect((await testbed.calls(sn)).filter(({ applied }) => applied)).toHaveLength(1);
});

test('the requester and somebody whom nobody has mapped are told why, and no modal opens', async () => {
  const { asked } = stepsOf(api);
  const change = await asked(await testbed.certificate());
  await posted(change);
  const told = slack.workspace.channels[0]?.ephemerals ?? [];
  for (const [user, code] of [
    ['U0ALICE', 'self_approval'],
    ['U0CAROL', 'account_not_mapped'],
  ] as const) {
    expect(await press(user)).toMatchObject({ delivered: true, status: 200 });
    const text = await eventually(() => Promise.resolve(told.find((one) => one.user === user)?.text ?? null));
    expect(text).toContain(refusalText(code).slice(0, 20));
    expect(slack.workspace.views.filter((view) => view.user === user)).toEqual([]);
  }
  const refusals = (await entriesOf(api.users.dave, change.id)).filter(
    ({ type }) => type === 'decision.refused',
  );
  expect(refusals.map(({ outcome }) => outcome)).toEqual(['self_approval', 'account_not_mapped']);
  expect(failures).toEqual([]);
});
