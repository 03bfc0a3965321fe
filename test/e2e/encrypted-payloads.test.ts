import { randomUUID } from 'node:crypto';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { temporalBinary } from '../../embedded/temporal-binary.ts';
import { PROJECT_HOME } from '../support/stack.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encryptedEncoding, placeOf } from '../../codec/encrypted-payload.ts';
import { newPayloadKey } from '../../codec/key-ring.ts';
import { payloadReader } from '../../codec/payload-reader.ts';
import { withNextCurrent, withNextKey } from '../../codec/key-rotation.ts';
import { dataConverter } from '../../codec/data-converter.ts';
import { workflowIdOf } from '../../domain/change.ts';
import { sha256Hex } from '../../domain/sha-256.ts';
import { approvalRequest, failureOf, startHost } from '../support/host.ts';
import { ChangingRing } from '../support/payload-keys.ts';
import { rawEvents, storedBytes } from '../support/raw-histories.ts';
import { replayAll } from '../support/replay.ts';
import {
  changeThat,
  eventually,
  instance,
  startApi,
  startTestbed,
  startWorkers,
} from '../support/service.ts';
import type { Testbed } from '../support/service.ts';
import { codeOf, decide, post, stepsOf } from '../support/steps.ts';
import type { Steps } from '../support/steps.ts';
import { encodingOf, secretEncoding, strictCodec, strictHostCodec } from '../support/strict-codec.ts';

/* What Temporal stores of Countersign can be read with its keys alone, and whoever lacks one waits. */

const ring = new ChangingRing(newPayloadKey('current'));
const stored = { keys: ring, hostCodecs: [strictHostCodec] };
let testbed: Testbed;
let api: Awaited<ReturnType<typeof startApi>>;
let workers: Awaited<ReturnType<typeof startWorkers>>;
let steps: Steps;

beforeAll(async () => {
  testbed = await startTestbed();
  [api, workers] = await Promise.all([
    startApi(testbed, { stored, payloads: payloadReader(ring) }),
    startWorkers(testbed, { stored }),
  ]);
  steps = stepsOf(api);
});
afterAll(async () => {
  await workers.stop();
  await api.stop();
  await testbed.stop();
});

const run = promisify(execFile);
const marker = 'PLAINTEXT-MARKER';

/** The data of every payload in what Temporal's command line prints as JSON. */
function decodedIn(output: string): string {
  const data = [...output.matchAll(/"data": "([^"]+)"/g)];
  return data.map(([, text = '']) => Buffer.from(text, 'base64').toString()).join('\n');
}

/** The payload that a change's workflow was started with, as Temporal has it. */
async function startedWith(id: string) {
  const [first] = await rawEvents(testbed, workflowIdOf(id));
  const [payload] = first?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
  if (!payload) throw new Error('it has none');
  return payload;
}

describe('a namespace', () => {
  test('bears nothing of a change in plain, after retries, refusals, failures and an end', async () => {
    const sn = await testbed.certificate({ caName: `ca-${marker}` });
    await testbed.fault(sn, { times: 2, message: `fault-${marker}` });
    const { id } = await post(api.users.alice, sn, randomUUID(), {
      justification: `because ${marker}`,
      ticket: { system: 'jira', id: `T-${marker}` },
    });
    const asked = await changeThat(api.users.bob, id, (c) => c.digest !== null);
    // A stale word goes to the workflow, which refuses it.
    await codeOf(decide(api.users.alice, asked));
    await decide(api.users.bob, asked);
    expect(await steps.ended(id)).toMatchObject({ executionStatus: 'succeeded' });
    const refused = await post(api.users.erin, `SN-none-${marker}`);
    await changeThat(api.users.dave, refused.id, (c) => c.closedAt !== null);

    const bytes = await storedBytes(testbed);
    // It has looked at the right place.
    expect(bytes.includes(workflowIdOf(id))).toBe(true);
    expect(bytes.includes(encryptedEncoding)).toBe(true);
    for (const secret of [marker, sn, 'alice', 'erin', 'bob', instance, '"digest"', 'justification'])
      expect(bytes.includes(secret), secret).toBe(false);
    // A target can still be looked for.
    const query = `CountersignTarget = "${sha256Hex(`cn-hangzhou/${instance}/${sn}`)}"`;
    await eventually(async () => {
      const { count } = await testbed.client.workflow.count(query);
      return count === 1 ? true : null;
    });
    expect(await replayAll(testbed, stored)).toBeGreaterThan(1);
  });

  test('bears nothing of a host with a codec in plain, and the host understands what it is told', async () => {
    const host = await startHost(testbed, { codecs: [strictCodec] });
    const sn = await testbed.certificate();
    const started = host.start('requireApproval', approvalRequest(sn, { justification: `host ${marker}` }));
    const handle = await started;
    const { id } = await eventually(async () => {
      const { items } = await api.users.bob.list(new URLSearchParams({ sn }));
      return items[0] ?? null;
    });
    // The second one is refused while the first is open.
    const second = await host.start('requireApproval', approvalRequest(sn));
    expect(await failureOf(second)).toMatchObject({
      type: 'open_change_exists',
      message: expect.stringContaining(id) as string,
    });
    await decide(api.users.bob, await changeThat(api.users.bob, id, (c) => c.digest !== null));
    expect(await handle.result()).toMatchObject({ executionStatus: 'succeeded' });
    const events = await rawEvents(testbed, handle.workflowId);
    const ended = events.find((e) => e.childWorkflowExecutionCompletedEventAttributes);
    const [result] = ended?.childWorkflowExecutionCompletedEventAttributes?.result?.payloads ?? [];
    expect(encodingOf(result)).toBe(secretEncoding);
    const bytes = await storedBytes(testbed);
    for (const secret of [marker, sn]) expect(bytes.includes(secret), secret).toBe(false);
    await host.stop();
  });

  test('bears nothing of a gate that a host with a codec asks, as other languages do, in plain', async () => {
    const host = await startHost(testbed, { codecs: [strictCodec] });
    const sn = await testbed.certificate();
    const { operation, input, requester } = approvalRequest(sn);
    const request = { operation, input, requester, justification: `gate ${marker}` };
    const handle = await host.start('gated', { openedSignal: 'opened' }, request);
    const { id } = await eventually(async () => {
      const { items } = await api.users.bob.list(new URLSearchParams({ sn }));
      return items[0] ?? null;
    });
    const second = await host.start('gated', {}, request);
    expect(await second.result()).toMatchObject({
      failure: { type: 'open_change_exists', details: { changeId: id } },
    });
    await decide(api.users.bob, await changeThat(api.users.bob, id, (c) => c.digest !== null));
    expect(await handle.result()).toMatchObject({ answer: { changeId: id, outcome: { code: 'succeeded' } } });
    const bytes = await storedBytes(testbed);
    for (const secret of [marker, sn]) expect(bytes.includes(secret), secret).toBe(false);
    await host.stop();
  });

  test.each([
    ['a codec', [strictCodec]],
    ['no codec', []],
  ])('of a host with %s: its gate tells it which number no language reads alike', async (_, codecs) => {
    const host = await startHost(testbed, { codecs });
    const { operation, input, requester, justification } = approvalRequest('SN-1');
    for (const decideWithinMs of [1500.5, 2 ** 60]) {
      const request = { operation, input, requester, justification, decideWithinMs };
      const handle = await host.start('gated', {}, request);
      expect(await handle.result()).toMatchObject({
        failure: {
          type: 'invalid_request',
          details: { errors: [{ field: 'decideWithinMs', rule: 'safe_integer' }] },
        },
      });
    }
    await host.stop();
  });

  test('of a host without a codec: it is answered in plain, and reads a refusal', async () => {
    const host = await startHost(testbed);
    const sn = await testbed.certificate();
    const handle = await host.start('requireApproval', approvalRequest(sn));
    const { id } = await eventually(async () => {
      const { items } = await api.users.bob.list(new URLSearchParams({ sn }));
      return items[0] ?? null;
    });
    expect(await failureOf(await host.start('requireApproval', approvalRequest(sn)))).toMatchObject({
      type: 'open_change_exists',
    });
    await decide(api.users.bob, await changeThat(api.users.bob, id, (c) => c.digest !== null));
    expect(await handle.result()).toMatchObject({ executionStatus: 'succeeded' });
    await host.stop();
  });
});

test('Temporal’s own command line shows a history, with the token of somebody who may read the change', async () => {
  const { id } = await post(api.users.alice, await testbed.certificate(), randomUUID(), {
    justification: `shown ${marker}`,
  });
  await changeThat(api.users.bob, id, (c) => c.digest !== null);
  const command = await temporalBinary({ binDir: join(PROJECT_HOME, 'bin'), env: process.env });
  const show = async (user: string) =>
    run(command, [
      ...['workflow', 'show', '--workflow-id', workflowIdOf(id), '--output', 'json'],
      ...['--address', testbed.temporalAddress, '--namespace', testbed.namespace],
      ...['--codec-endpoint', `${api.url}/v1/payloads`],
      ...['--codec-auth', `Bearer ${await testbed.identity.tokenFor(user)}`],
    ]);
  expect(decodedIn((await show('bob')).stdout)).toContain(`shown ${marker}`);
  const denied = await show('erin').catch((error: unknown) => error as { stdout: string });
  expect(decodedIn(denied.stdout)).not.toContain(marker);
});

describe('keys', () => {
  test('follow each other over an open change, and the old one is needed until it has ended', async () => {
    const before = ring.keys;
    const { id } = await post(api.users.alice, await testbed.certificate());
    const asked = await changeThat(api.users.bob, id, (c) => c.digest !== null);
    ring.keys = withNextKey(ring.keys);
    ring.keys = withNextCurrent(ring.keys) ?? [];
    expect(ring.current()?.id).not.toBe(before[0]?.id);

    // Too early: a word reaches no workflow that could be replayed, and nothing is lost.
    const whole = ring.keys;
    ring.keys = whole.filter(({ use }) => use === 'current');
    await workers.stop();
    workers = await startWorkers(testbed, { stored });
    const impatient = await startApi(testbed, { stored, engineDeadlineMs: 3000 });
    expect(await codeOf(decide(impatient.users.bob, asked))).toBe('outcome_not_known');
    const failures = await eventually(async () => {
      const events = await rawEvents(testbed, workflowIdOf(id));
      const failed = events.flatMap((e) => e.workflowTaskFailedEventAttributes ?? []);
      return failed.length > 0 ? failed : null;
    });
    expect(JSON.stringify(failures)).not.toContain('because');
    await impatient.stop();

    ring.keys = whole;
    await decide(api.users.bob, asked);
    expect(await steps.ended(id)).toMatchObject({ executionStatus: 'succeeded' });
    const ids = new Set(
      (await rawEvents(testbed, workflowIdOf(id)))
        .flatMap((e) => e.activityTaskScheduledEventAttributes?.input?.payloads ?? [])
        .map(({ metadata }) => Buffer.from(metadata?.['encryption-key-id'] ?? []).toString()),
    );
    expect([...ids].sort()).toEqual(whole.map((key) => key.id).sort());
  });

  test('of an API that lacks them: it says so, and what it asked for goes on', async () => {
    const without = await startApi(testbed, { stored: {} });
    const { id } = await post(without.users.alice, await testbed.certificate());
    const asked = await changeThat(without.users.bob, id, (c) => c.digest !== null);
    expect(await codeOf(decide(without.users.bob, asked))).toBe('payload_unreadable');
    expect(await steps.ended(id)).toMatchObject({ executionStatus: 'succeeded' });
    await without.stop();
  });
});

describe('a payload that is not what it says', () => {
  const signal = (id: string, payload: object) =>
    testbed.connection.workflowService.signalWorkflowExecution({
      namespace: testbed.namespace,
      workflowExecution: { workflowId: workflowIdOf(id) },
      signalName: 'stop',
      input: { payloads: [payload] },
      requestId: randomUUID(),
    });

  test('of another change, altered, of no key, or in an unknown encoding: it is left, and the change goes on', async () => {
    const [one, other] = await Promise.all([
      steps.asked(await testbed.certificate()),
      steps.asked(await testbed.certificate()),
    ]);
    const swapped = await startedWith(other.id);
    expect(placeOf(swapped)).toEqual({ namespace: testbed.namespace, workflowId: workflowIdOf(other.id) });
    await signal(one.id, swapped);
    const own = await startedWith(one.id);
    const altered = Buffer.from(own.data ?? []);
    altered[20] = (altered[20] ?? 0) ^ 1;
    await signal(one.id, { ...own, data: altered });
    await signal(one.id, { ...own, metadata: { ...own.metadata, 'encryption-key-id': Buffer.from('0') } });
    await signal(one.id, { metadata: { encoding: Buffer.from('binary/nobody') }, data: Buffer.from('x') });
    await decide(api.users.bob, one);
    expect(await steps.ended(one.id)).toMatchObject({ executionStatus: 'succeeded' });
  });

  test('as an argument: a typed refusal', async () => {
    const other = await steps.asked(await testbed.certificate());
    const { workflowService } = testbed.connection;
    const workflowId = `change-${randomUUID()}`;
    await workflowService.startWorkflowExecution({
      namespace: testbed.namespace,
      workflowId,
      workflowType: { name: 'change' },
      taskQueue: { name: 'countersign' },
      input: { payloads: [await startedWith(other.id)] },
      requestId: randomUUID(),
    });
    const failure = await failureOf(testbed.client.workflow.getHandle(workflowId) as never);
    expect(failure).toMatchObject({
      type: 'invalid_request',
      message: expect.stringContaining(other.id) as string,
    });
  });

  test('under a key that nobody has: it waits, and is read once the key is there', async () => {
    const theirs = newPayloadKey('current');
    const converter = dataConverter({ keys: new ChangingRing(theirs) });
    const codec = converter.payloadCodecs?.[0];
    const workflowId = `change-${randomUUID()}`;
    const [payload] =
      (await codec?.encode(
        [{ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{"no":"request"}') }],
        { type: 'workflow', namespace: testbed.namespace, workflowId },
      )) ?? [];
    await testbed.connection.workflowService.startWorkflowExecution({
      namespace: testbed.namespace,
      workflowId,
      workflowType: { name: 'change' },
      taskQueue: { name: 'countersign' },
      input: { payloads: [payload as object] },
      requestId: randomUUID(),
    });
    await eventually(async () => {
      const events = await rawEvents(testbed, workflowId);
      return events.some((e) => e.workflowTaskFailedEventAttributes) ? true : null;
    });
    ring.keys = [...ring.keys, { ...theirs, use: 'old' }];
    const client = testbed.client.workflow.getHandle(workflowId);
    await expect(client.result()).rejects.toThrow();
    const events = await rawEvents(testbed, workflowId);
    const failed = events.find((e) => e.workflowExecutionFailedEventAttributes);
    expect(failed?.workflowExecutionFailedEventAttributes?.failure?.applicationFailureInfo?.type).toBe(
      'invalid_request',
    );
  });
});
