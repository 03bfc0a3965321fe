import { createHash, createHmac } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { InboundSystem } from '../../api/inbound.ts';
import { inboundSystems } from '../../cli/inbound-systems.ts';
import { integrationsDocument } from '../../tickets/integrations.ts';
import { temporaryHome } from '../support/stack.ts';

let home: string;
const now = Date.parse('2026-11-29T12:00:00.000Z');
const key = Buffer.alloc(32, 7);

beforeAll(async () => {
  home = await temporaryHome();
});
afterAll(() => rm(home, { recursive: true, force: true }));

async function secret(name: string, text: string): Promise<string> {
  const file = join(home, name);
  await writeFile(file, `${text}\n`);
  return file;
}

async function opened(systems: object): Promise<ReadonlyMap<string, InboundSystem>> {
  return inboundSystems(integrationsDocument.parse({ systems }), fetch);
}

const read = async () => ({ secretFile: await secret('read', 'token') });

test('a system without secrets sends nothing', async () => {
  const systems = {
    jira: { kind: 'jira', url: 'https://jira.example', read: await read() },
    slack: { kind: 'slack', team: 'T1', channel: 'C1' },
  };
  expect([...(await opened(systems)).keys()]).toEqual([]);
});

test('a webhook of Jira is a hint of its ticket, by id and key', async () => {
  const file = await secret('jira', 'shared with Jira');
  const url = 'https://jira.example';
  const system = (
    await opened({ ops: { kind: 'jira', url, read: await read(), webhookSecretFiles: [file] } })
  ).get('ops');
  const body = { timestamp: now, webhookEvent: 'jira:issue_updated', issue: { id: '10001', key: 'OPS-1' } };
  const raw = Buffer.from(JSON.stringify(body));
  const mac = createHmac('sha256', 'shared with Jira').update(raw).digest('hex');
  const headers = { 'x-hub-signature': `sha256=${mac}`, 'x-atlassian-webhook-identifier': 'w-1' };
  expect(system?.verify({ raw, headers, now })).toEqual({
    kind: 'hint',
    deliveryId: createHash('sha256').update(raw).digest('hex'),
    tickets: ['10001', 'OPS-1'],
  });
  expect(system?.verify({ raw: Buffer.from('{}'), headers, now })).toEqual({ kind: 'refused' });
  expect(system?.verify({ raw, headers, now: now + 25 * 3_600_000 })).toEqual({ kind: 'refused' });
});

test('a message of ServiceNow is a hint of its ticket, by sys_id and number', async () => {
  const file = await secret('servicenow', key.toString('base64'));
  const url = 'https://servicenow.example';
  const given = { snow: { kind: 'servicenow', url, read: await read(), webhookSecretFiles: [file] } };
  const system = (await opened(given)).get('snow');
  const sysId = 'a'.repeat(32);
  const raw = Buffer.from(JSON.stringify({ sys_id: sysId, number: 'CHG1' }));
  const timestamp = String(now / 1000);
  const mac = createHmac('sha256', key).update(`m-1.${timestamp}.`).update(raw).digest('base64');
  const headers = { 'webhook-id': 'm-1', 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${mac}` };
  expect(system?.verify({ raw, headers, now })).toEqual({
    kind: 'hint',
    deliveryId: 'm-1',
    tickets: [sysId, 'CHG1'],
  });
  expect(system?.verify({ raw, headers, now: now + 301_000 })).toEqual({ kind: 'refused' });
});

test.each<[string, () => Promise<object>]>([
  [
    'a key of ServiceNow that is none',
    async () => ({
      snow: {
        kind: 'servicenow',
        url: 'https://servicenow.example',
        read: await read(),
        webhookSecretFiles: [await secret('short', 'c2hvcnQ=')],
      },
    }),
  ],
  [
    'a secret between deliverer and API that could be guessed',
    async () => ({
      dingtalk: {
        kind: 'dingtalk',
        robot: { tokenFile: 'x', secretFile: 'x' },
        inboundSecretFiles: [await secret('guessed', 'secret')],
      },
    }),
  ],
  [
    'a file that is not there',
    () =>
      Promise.resolve({
        slack: { kind: 'slack', team: 'T1', channel: 'C1', signingSecretFiles: [join(home, 'none')] },
      }),
  ],
])('%s keeps the API from starting', async (_name, systems) => {
  await expect(opened(await systems())).rejects.toMatchObject({ code: 'invalid_configuration' });
});
