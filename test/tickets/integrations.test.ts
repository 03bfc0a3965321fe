import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { integrationsDocument } from '../../tickets/integrations.ts';
import { integrationsSchema } from '../../tickets/json-schema.ts';

const login = { user: 'a@example.com', secretFile: '/secret' };
const systems = {
  tickets: { kind: 'jira', url: 'https://jira.example', read: login, write: login },
  others: { kind: 'jira', url: 'https://others.example', read: login, write: login },
  chat: { kind: 'slack', team: 'T0123456789', channel: 'C0123456789', tokenFile: '/token' },
};
const to = (name: string, system: string) => ({ name, to: { system } });
const faults = (...subscriptions: object[]) =>
  integrationsDocument
    .safeParse({ systems, subscriptions })
    .error?.issues.map(({ path }) => path.join('.')) ?? [];

test('a ticket system has one subscription, a chat any number', () => {
  expect(faults(to('a', 'tickets'), to('b', 'others'), to('c', 'chat'), to('d', 'chat'))).toEqual([]);
  expect(faults(to('a', 'tickets'), to('b', 'chat'), to('c', 'tickets'))).toEqual([
    'subscriptions.2.to.system',
  ]);
});

test('integrations.schema.json is the one of the sources', async () => {
  const file = join(import.meta.dirname, '..', '..', 'tickets', 'integrations.schema.json');
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(integrationsSchema());
});
