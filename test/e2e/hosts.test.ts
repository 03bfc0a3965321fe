import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ChangeRequest } from '../../domain/change.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import { requesterOfHost } from '../../domain/host.ts';
import { policyChoice } from '../../policies/choose.ts';
import { directoryFrom } from '../../policies/directory.ts';
import type { PolicySet } from '../../policies/load.ts';
import type { PolicyRule } from '../../policies/match.ts';
import { findingsInLog } from '../support/judged-log.ts';
import { approvalRequest, failureOf, startHost } from '../support/host.ts';
import { decide, entriesOf } from '../support/steps.ts';
import { policyWith } from '../support/policy.ts';
import {
  changeThat,
  eventually,
  instance,
  startApi,
  startTestbed,
  startWorkers,
} from '../support/service.ts';
import type { Testbed } from '../support/service.ts';
import { pins } from '../support/operations.ts';
import { caTarget } from '../support/target.ts';
import type { Target } from '../../domain/target.ts';

/* What another team's workflows may ask for: the policies of the service decide, and Temporal says who asks. */

let testbed: Testbed;
let api: Awaited<ReturnType<typeof startApi>>;
let workers: Awaited<ReturnType<typeof startWorkers>>;
let host: Awaited<ReturnType<typeof startHost>>;

const someHost = { namespace: 'default', workflowId: 'w', type: 'bareChild' };

/** What the worker's policy file says now, for a region of a test's own. */
const rules = new Map<string, readonly PolicyRule[]>();
const directory = () => directoryFrom({ plant: [{ issuer: 'https://idp.example', subject: 'alice' }] });
const setFor = ({ scope }: Target): PolicySet => ({
  rules: rules.get(scope['sn'] ?? '') ?? [{ policy: fourEyes, match: {} }],
  directory: directory(),
});

beforeAll(async () => {
  testbed = await startTestbed();
  api = await startApi(testbed);
  workers = await startWorkers(testbed, {
    policies: {
      forPerson: (asked, at) => policyChoice({ current: () => setFor(asked.target) }).forPerson(asked, at),
      forHost: (asked, at) => policyChoice({ current: () => setFor(asked.target) }).forHost(asked, at),
    },
    hosts: [
      { namespace: testbed.namespace, type: 'requireApproval' },
      { namespace: testbed.namespace, type: 'bare*' },
    ],
  });
  host = await startHost(testbed);
});
afterAll(async () => {
  expect(await findingsInLog(testbed)).toEqual([]);
  await host.stop();
  await workers.stop();
  await api.stop();
  await testbed.stop();
});

/** A certificate for which the worker has policies of its own. */
async function under(...given: PolicyRule[]): Promise<string> {
  const sn = await testbed.certificate();
  rules.set(sn, given);
  return sn;
}

const found = (sn: string) =>
  eventually(async () => {
    const { items } = await api.users.bob.list(new URLSearchParams({ sn }));
    return items[0] ?? null;
  });

const twoGroups = policyWith({
  name: 'two-groups',
  decideWithinMs: 3_600_000,
  executeWithinMs: 60_000,
  stages: [
    {
      name: 'both',
      groups: [
        { group: 'operations', threshold: 1 },
        { group: 'security', threshold: 1 },
      ],
    },
  ],
  groups: { operations: { source: 'token' }, security: { source: 'token' } },
});

describe.concurrent('a host', () => {
  test('gets the policy of the worker’s file, whose people all have to agree', async () => {
    const sn = await under({ policy: twoGroups, match: {} });
    const handle = await host.start('requireApproval', approvalRequest(sn));
    const { id } = await found(sn);
    const asked = await changeThat(api.users.bob, id, (c) => c.digest !== null);
    expect(asked.policy).toMatchObject({ name: 'two-groups', digest: twoGroups.digest });
    const once = await decide(api.users.bob, asked);
    expect(once).toMatchObject({ decisionStatus: 'pending', missing: [{ group: 'security', seats: 1 }] });
    await decide(api.users.frank, asked);
    expect(await handle.result()).toMatchObject({ executionStatus: 'succeeded' });

    const { workflowId, firstExecutionRunId: runId } = handle;
    const [requested] = await entriesOf(api.users.dave, id);
    expect(requested).toMatchObject({
      type: 'change.requested',
      host: { namespace: testbed.namespace, workflowId, runId, type: 'requireApproval' },
      source: `workflow ${workflowId}`,
    });
  });

  test.each([
    ['longer than the policy says', 7_200_000, 3_600_000],
    ['shorter', 1_800_000, 1_800_000],
  ])('that asks for clocks %s gets them at most as long', async (_name, wantedMs, expectedMs) => {
    const sn = await under({ policy: twoGroups, match: {} });
    await host.start(
      'requireApproval',
      approvalRequest(sn, { decideWithinMs: wantedMs, executeWithinMs: wantedMs }),
    );
    const { submittedAt, decideBy, id } = await found(sn);
    expect(Date.parse(decideBy) - Date.parse(submittedAt)).toBe(expectedMs);
    const asked = await changeThat(api.users.bob, id, (c) => c.digest !== null);
    await decide(api.users.bob, asked);
    const approved = await decide(api.users.frank, asked);
    const leftMs = Date.parse(approved.executeBy ?? '') - Date.parse(approved.decisions[1]?.at ?? '');
    expect(leftMs).toBe(60_000);
  });

  const ofGroup = (source: 'token' | 'directory', more: PolicyRule['match'] = {}): PolicyRule => ({
    policy: policyWith({ name: 'of-group', groups: { plant: { source } } }),
    match: { requesterGroup: ['plant'], ...more },
  });
  const forAll: PolicyRule = { policy: policyWith({ name: 'for-all' }), match: {} };

  test.each<[string, string, PolicyRule[]]>([
    ['a rule that depends on groups of a token', 'token_needed', [ofGroup('token'), forAll]],
    ['no rule', 'no_policy', [{ policy: fourEyes, match: { scope: { mqttInstanceId: ['another'] } } }]],
    [
      'a policy that asks nobody',
      'token_needed',
      [{ policy: policyWith({ name: 'standard', standard: true, stages: [] }), match: {} }],
    ],
    [
      'a policy whose only approver asks for it',
      'policy_unsatisfiable',
      [
        {
          policy: policyWith({
            stages: [{ name: 's', groups: [{ group: 'alone', threshold: 1 }] }],
            groups: {
              alone: { source: 'members', members: [{ issuer: 'https://idp.example', subject: 'alice' }] },
            },
          }),
          match: {},
        },
      ],
    ],
  ])('is refused under %s', async (_name, code, given) => {
    const handle = await host.start('requireApproval', approvalRequest(await under(...given)));
    expect(await failureOf(handle)).toMatchObject({ type: code, nonRetryable: true });
  });

  test.each<[string, string, PolicyRule[]]>([
    ['comes after the one that is for it', 'for-all', [forAll, ofGroup('token')]],
    [
      'is for another instance',
      'for-all',
      [ofGroup('token', { scope: { mqttInstanceId: ['another'] } }), forAll],
    ],
    ['is of the directory, which has them', 'of-group', [ofGroup('directory'), forAll]],
  ])('is taken where a rule of a group %s', async (_name, policy, given) => {
    const sn = await under(...given);
    await host.start('requireApproval', approvalRequest(sn));
    expect((await found(sn)).policy).toMatchObject({ name: policy });
  });

  test('of a type that is not listed is refused', async () => {
    const handle = await host.start('moveLine', approvalRequest(await testbed.certificate()));
    expect(await failureOf(handle)).toMatchObject({ type: 'host_not_allowed' });
  });
});

const input = { regionId: 'cn-hangzhou', mqttInstanceId: instance, sn: 'SN-1' };

/** A host's request as `requireApproval` makes it. */
async function hostRequest(more: object = {}) {
  const id = randomUUID();
  const sn = await testbed.certificate();
  const { operation, justification, requester } = approvalRequest(sn);
  return { id, operation, input: { ...input, sn }, justification, requester, submission: null, ...more };
}

describe.concurrent('a change that is started without requireApproval', () => {
  test.each<[string, object]>([
    ['a policy', { policy: fourEyes }],
    ['a part of a policy', { policy: { name: 'mine' } }],
    ['no policy', { policy: null }],
    ['clocks of its own', { decideBy: '2100-01-01T00:00:00.000Z' }],
    ['a break-glass change', { breakGlass: true }],
    ['a requester with groups', { requester: { issuer: 'i', subject: 's', groups: ['operations'] } }],
    ['no requester', { requester: undefined }],
    ['an empty justification', { justification: ' ' }],
    ['no justification', { justification: undefined }],
    ['an Sn of 129 bytes', { input: { ...input, sn: 'a'.repeat(129) } }],
    ['an Sn that no text can have', { input: { ...input, sn: '\uD800' } }],
    ['an unknown member of the input', { input: { ...input, more: 1 } }],
    ['an unknown operation', { operation: 'DeleteCaCertificate' }],
    ['the name of what every object has', { operation: 'constructor' }],
    ['an input that is none', { input: 'SN-1' }],
    ['clocks of no length', { executeWithinMs: 0 }],
    ['a ticket that is a text', { ticket: 'OPS-1' }],
    ['a submission that nobody signed', { submission: {} }],
    ['a submission of text', { submission: 'signed' }],
  ])('fails with %s within seconds', async (_name, more) => {
    const request = await hostRequest(more);
    const handle = await host.start('bareChild', `change-${request.id}`, request);
    expect(await failureOf(handle)).toMatchObject({ type: 'invalid_request', nonRetryable: true });
  });

  test.each<[string, unknown[]]>([
    ['nothing', []],
    ['null', [null]],
    ['text', ['change']],
    ['a list', [[1]]],
  ])('fails with %s for an argument', async (_name, args) => {
    const handle = await host.start('bareChild', `change-${randomUUID()}`, ...args);
    expect(await failureOf(handle)).toMatchObject({ type: 'invalid_request' });
  });

  const signed = { keyId: 'k', signature: 's' };
  test.each<[string, unknown]>([
    ['nothing', {}],
    ['no statement', { ...signed, statement: null }],
    ['half a statement', { ...signed, statement: { kind: 'submission' } }],
    ['no person', { ...signed, statement: { kind: 'submission', changeId: 'c', person: null } }],
  ])('fails with a submission of %s, whatever else is in it', async (_name, submission) => {
    const request = await hostRequest();
    const whole = {
      ...request,
      target: caTarget(request.input),
      requester: requesterOfHost(request.requester, someHost),
      ticket: null,
      breakGlass: false,
      policy: fourEyes,
      submittedAt: new Date().toISOString(),
      decideBy: new Date(Date.now() + 60_000).toISOString(),
      executeAfter: null,
      executeBy: null,
      executeWithinMs: 1000,
      idempotency: null,
      source: null,
      submission,
    };
    for (const more of [
      {},
      { requester: null },
      { policy: { name: 'mine' } },
      { justification: undefined },
    ]) {
      const handle = await host.start('bareChild', `change-${request.id}`, { ...whole, ...more });
      expect(await failureOf(handle)).toMatchObject({ type: 'invalid_request' });
    }
  });

  test('fails under the id of another change', async () => {
    const handle = await host.start('bareChild', `change-${randomUUID()}`, await hostRequest());
    expect(await failureOf(handle)).toMatchObject({ type: 'host_not_allowed' });
  });

  test('is taken as it is asked for', async () => {
    const request = await hostRequest();
    await host.start('bareChild', `change-${request.id}`, request);
    expect(await found(request.input.sn)).toMatchObject({ policy: { name: 'four-eyes' } });
  });

  test('by hand, without a parent, is refused', async () => {
    const request = await hostRequest();
    const handle = await testbed.client.workflow.start('change', {
      workflowId: `change-${request.id}`,
      taskQueue: 'countersign',
      args: [request],
    });
    expect(await failureOf(handle)).toMatchObject({ type: 'host_not_allowed' });
  });
});

test('the activities open nothing for a workflow that is no change’s', async () => {
  const { id, input: asked, ...rest } = await hostRequest();
  const moment = new Date().toISOString();
  const request: ChangeRequest = {
    ...{ id, operation: rest.operation, input: asked, justification: rest.justification, ticket: null },
    ...pins,
    target: caTarget(asked),
    requester: requesterOfHost(rest.requester, someHost),
    ...{ breakGlass: false, policy: fourEyes, submittedAt: moment, executeAfter: null, executeBy: null },
    decideBy: new Date(Date.now() + 60_000).toISOString(),
    ...{ executeWithinMs: 60_000, submission: null, idempotency: null, source: null },
  };
  const opening = { request, host: null, startedAt: moment, ordinal: 1 };
  const opened = await host.start('bareActivity', 'openChange', opening);
  expect(await opened.result()).toMatchObject({ kind: 'refused', code: 'host_not_allowed' });
  const accepted = await host.start('bareActivity', 'acceptHost', {
    request: { id, input: asked, ...rest },
  });
  expect(await accepted.result()).toMatchObject({ kind: 'refused', code: 'host_not_allowed' });
  const both = await host.start('bareActivity', 'openHosted', {
    ...{ request: { id, input: asked, ...rest }, ordinal: 1, readOrdinal: 1 },
  });
  expect(await both.result()).toMatchObject({ kind: 'refused', code: 'host_not_allowed' });
});

test('nor is anything written or called for another workflow', async () => {
  const { id, input: asked } = await hostRequest();
  const calls = [
    ['record', { changeId: id, events: [] }],
    ['closeChange', { changeId: id, events: [] }],
    ['precheck', { changeId: id, ordinal: 1 }, 'countersign-onsmqtt'],
    ['settle', { changeId: id }, 'countersign-onsmqtt'],
    ['ActiveCaCertificate', { changeId: id }, 'countersign-onsmqtt'],
  ] as const;
  for (const [activity, input, queue] of calls) {
    const started = await host.start('bareActivity', activity, input, queue);
    await expect(started.result()).rejects.toMatchObject({ cause: { cause: { type: 'invalid_request' } } });
  }
  expect(await testbed.calls(asked.sn)).toEqual([]);
});

test('hosts are none where nobody has listed any', async () => {
  const alone = await startTestbed();
  const [ours, theirs] = await Promise.all([startWorkers(alone, { hosts: [] }), startHost(alone)]);
  try {
    const handle = await theirs.start('requireApproval', approvalRequest(await alone.certificate()));
    expect(await failureOf(handle)).toMatchObject({ type: 'host_not_allowed' });
  } finally {
    await theirs.stop();
    await ours.stop();
    await alone.stop();
  }
});
