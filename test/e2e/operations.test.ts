import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { ChangeView } from '../../api/view.ts';
import { createCredential } from '../../onsmqtt/credentials.ts';
import { calls } from '../simulator/control-client.ts';
import { decide } from '../support/journey.ts';
import { changeThat, instance, startApi, startGround, startWorkers } from '../support/service.ts';
import type { Ground } from '../support/service.ts';
import { implementationsBy } from '../support/operations.ts';
import { roleArn, startTrustedSimulator } from '../support/sts.ts';
import type { TrustedSimulator } from '../support/sts.ts';

const key = { accessKeyId: 'session-opener', accessKeySecret: 'secret-of-it' };
let ground: Ground;
let api: Awaited<ReturnType<typeof startApi>>;
let simulator: TrustedSimulator;

beforeAll(async () => {
  [ground, simulator] = await Promise.all([
    startGround(),
    startTrustedSimulator({
      accessKeys: { [key.accessKeyId]: key.accessKeySecret },
      seed: [
        { mqttInstanceId: instance, sn: 'SN-to-activate', status: '0' },
        { mqttInstanceId: instance, sn: 'SN-to-inactivate', status: '1' },
      ],
    }),
  ]);
  api = await startApi(ground);
});

afterAll(async () => {
  await api.stop();
  await ground.stop();
  await simulator.close();
});

test('sends each operation’s own call and no other, with its own action in the session’s policy', async () => {
  const workers = await startWorkers(ground, {
    implementations: implementationsBy({
      endpoint: simulator.url,
      credential: () => createCredential(key),
      pace: { claim: () => Promise.resolve() },
      role: { arn: roleArn, stsHost: simulator.stsHost },
    }),
  });
  onTestFinished(() => workers.stop());
  const asked = [
    ['ActiveCaCertificate', 'SN-to-activate', 'mq:ActiveCaCertificate'],
    ['InactivateCaCertificate', 'SN-to-inactivate', 'mq:UnregisterCaCertificate'],
  ] as const;
  for (const [operation, sn, ramAction] of asked) {
    const { id } = await api.users.alice.post<ChangeView>(
      '/v1/changes',
      {
        operation,
        input: { regionId: 'cn-hangzhou', mqttInstanceId: instance, sn },
        justification: 'the line moves to the new gateway',
      },
      { 'Idempotency-Key': randomUUID() },
    );
    await decide(api.users.bob, await changeThat(api.users.alice, id, (c) => c.digest !== null));
    const end = await changeThat(api.users.alice, id, (c) => c.closedAt !== null);
    expect(end).toMatchObject({ operation, executionStatus: 'succeeded', outcome: { reconciled: false } });
    const seen = (await calls(simulator)).calls.filter(
      ({ action, parameters, session }) =>
        !action.startsWith('Get') &&
        (parameters.RoleSessionName ?? session?.roleSessionName) === id.replaceAll('-', ''),
    );
    expect(seen.map(({ action, status }) => [action, status])).toEqual([
      ['AssumeRole', 200],
      [operation, 200],
    ]);
    expect(seen[1]?.parameters.Sn).toBe(sn);
    const policy = JSON.parse(seen[0]?.parameters.Policy ?? '') as { Statement: { Action: string[] }[] };
    expect(policy.Statement.map(({ Action }) => Action)).toEqual([[ramAction, 'mq:MqttInstanceAccess']]);
  }
});
