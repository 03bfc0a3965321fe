import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { makeAlarms } from '../../cli/alarms.ts';
import { readEnvironment } from '../../cli/environment.ts';
import { openPolicies } from '../../cli/policies.ts';
import { operations } from '../support/operations.ts';
import { temporaryHome } from '../support/stack.ts';

const policyOf = (system: string) => `policies:
  - name: one
    version: "1"
    stages: [{ name: s, groups: [{ anyApprover: true, threshold: 1 }] }]
    ticket: { system: ${system} }
`;

test('a policy that names a ticket system that nobody reads is an alarm, at the start and when it is read again', async () => {
  const home = await temporaryHome();
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const file = async (name: string, text: string) => {
    await writeFile(join(home, name), text);
    return join(home, name);
  };
  const env = readEnvironment({
    COUNTERSIGN_POLICY: await file('policy.yaml', policyOf('snow')),
    COUNTERSIGN_INTEGRATIONS: await file(
      'integrations.yaml',
      'systems:\n  ops: { kind: jira, url: "https://jira.example", read: { secretFile: /nowhere } }\n' +
        '  chat: { kind: slack, team: T1, channel: C1 }\n',
    ),
  });
  const lines: unknown[][] = [];
  const alarms = makeAlarms({ error: (...line: unknown[]) => void lines.push(line) });
  const policies = await openPolicies(env, pino({ level: 'silent' }), operations, alarms.raise);
  const alarm = 'ticket_system_unread';
  expect(lines).toEqual([[{ system: 'snow', policies: ['one'], alarm }, expect.stringContaining('snow')]]);
  await file('policy.yaml', policyOf('ops'));
  process.emit('SIGHUP');
  await expect
    .poll(() => policies.current().rules.map(({ policy }) => policy.ticket?.system), { timeout: 60_000 })
    .toEqual(['ops']);
  expect(alarms.counts.get(alarm)).toBe(1);
  await file('policy.yaml', policyOf('chat'));
  process.emit('SIGHUP');
  await expect.poll(() => alarms.counts.get(alarm), { timeout: 60_000 }).toBe(2);
  // The systems are read again, too.
  await file(
    'integrations.yaml',
    'systems: { snow: { kind: jira, url: "https://jira.example", read: { secretFile: /nowhere } } }\n',
  );
  await file('policy.yaml', policyOf('snow'));
  process.emit('SIGHUP');
  await expect
    .poll(() => policies.current().rules.map(({ policy }) => policy.ticket?.system), { timeout: 60_000 })
    .toEqual(['snow']);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(alarms.counts.get(alarm)).toBe(2);
});
