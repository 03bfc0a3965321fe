import { expect, test } from 'vitest';
import { unmetNeeds } from '../../cli/unmet-needs.ts';
import { integrationsDocument } from '../../tickets/integrations.ts';
import type { z } from 'zod';
import { ticketRule } from '../support/ticket.ts';

type Written = z.input<typeof integrationsDocument>;
type Policy = Parameters<typeof unmetNeeds>[1][number];

const read = { secretFile: '/run/read' };
const jira = { kind: 'jira', url: 'https://jira.example', read } as const;
const slack = { kind: 'slack', team: 'T1', channel: 'C1' } as const;
const approved = ticketRule({ system: 'ops', approved: true });
const toOps = [{ name: 'tickets', to: { system: 'ops' } }];

test.each<[string, Written, Partial<Policy>, string[]]>([
  ['nothing asked', { systems: { ops: jira } }, {}, []],
  [
    'tickets of a system that is not there',
    {},
    { ticket: ticketRule({ system: 'ops' }) },
    ['Tickets of policies'],
  ],
  ['tickets', { systems: { ops: jira } }, { ticket: ticketRule({ system: 'ops' }) }, []],
  ['approvals that are not read', { systems: { ops: jira } }, { ticket: approved }, ['Tickets of policies']],
  ['approvals that are read', { systems: { ops: { ...jira, approvals: true } } }, { ticket: approved }, []],
  [
    'approvals of ServiceNow',
    {
      systems: {
        ops: {
          kind: 'servicenow',
          url: 'https://snow.example',
          read: { user: 'reader', secretFile: '/run/read' },
        },
      },
    },
    { ticket: approved },
    [],
  ],
  [
    'a channel that is not there',
    {},
    { channels: [{ name: 'chat', mode: 'decide' }] },
    ['Channels of policies'],
  ],
  [
    'a channel without a secret',
    { systems: { chat: slack } },
    { channels: [{ name: 'chat', mode: 'reject_only' }] },
    ['Channels of policies'],
  ],
  [
    'a channel with one',
    { systems: { chat: { ...slack, signingSecretFiles: ['/run/sign'] } } },
    { channels: [{ name: 'chat', mode: 'decide' }] },
    [],
  ],
  [
    'a ticket system as a channel',
    { systems: { ops: { ...jira, webhookSecretFiles: ['/run/hook'] } } },
    { channels: [{ name: 'ops', mode: 'decide' }] },
    ['Channels of policies'],
  ],
  ['entries for a reader', { systems: { ops: jira }, subscriptions: toOps }, {}, ['Subscriptions']],
  [
    'entries for a chat without a token',
    { systems: { ops: slack }, subscriptions: toOps },
    {},
    ['Subscriptions'],
  ],
  [
    'entries for a writer',
    { systems: { ops: { ...jira, write: { secretFile: '/run/write' } } }, subscriptions: toOps },
    {},
    [],
  ],
])('%s', (_what, written, asking, found) => {
  const integrations = integrationsDocument.parse(written);
  const policy: Policy = { name: 'p', ticket: null, ...asking };
  const findings = unmetNeeds(integrations, [policy], Object.keys(integrations.systems));
  expect(findings.map(({ name }) => name)).toEqual(found);
  expect(findings.every(({ ok, remedy }) => !ok && remedy !== '')).toBe(true);
});
