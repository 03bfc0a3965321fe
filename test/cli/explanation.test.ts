import { expect, test } from 'vitest';
import { explanationLines } from '../../cli/explanation.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import type { PinnedPolicy } from '../../domain/policy.ts';
import { directoryFrom } from '../../policies/directory.ts';
import { explain } from '../../policies/explain.ts';
import { person } from '../domain/decidable-fixture.ts';
import { targetOf } from '../support/target.ts';
import { ticketRule } from '../support/ticket.ts';

function told(more: Partial<PinnedPolicy>, breakGlass = false): Record<string, string> {
  const set = { rules: [{ policy: { ...fourEyes, ...more }, match: {} }], directory: directoryFrom({}) };
  const facts = { operation: 'X', target: targetOf('x'), requester: person('alice', ['oncall']), now: 0 };
  const lines = explanationLines(explain(set, facts, breakGlass), breakGlass);
  return Object.fromEntries(lines.map((line) => [line.slice(0, 11).trim(), line.slice(12)]));
}
const groups = { security: { source: 'token' }, oncall: { source: 'token' } } as const;

test('says who decides, by which clocks, and what is not known', () => {
  expect(told({})).toMatchObject({
    matches: `${fourEyes.name} version ${fourEyes.version}`,
    clocks: 'decide within 7d, call within 24h of the approval',
    'a reject': 'ends it',
    verdict: expect.stringMatching(/^unknown: /) as unknown,
  });
});

test.each<[string, Partial<PinnedPolicy>, string, RegExp]>([
  [
    'a group of tokens',
    { groups, stages: [{ name: 's', groups: [{ group: 'security', threshold: 2 }] }] },
    'stage',
    /2 of security: whoever/,
  ],
  ['nobody', { standard: true, stages: [] }, 'standard', /nobody is asked/],
  [
    'an escalation',
    { groups, escalation: { afterMs: 5_400_000, group: 'security' } },
    'escalation',
    /after 90m to security/,
  ],
  ['reminders', { remindersMs: [3_600_000, 86_400_000] }, 'reminders', /after 1h, 24h/],
  ['a login', { authentication: { methods: ['mfa', 'hwk'] } }, 'a login', /by mfa or hwk/],
  [
    'channels',
    {
      channels: [
        { name: 'slack', mode: 'decide' },
        { name: 'dingtalk', mode: 'reject_only' },
      ],
    },
    'channels',
    /^slack, dingtalk \(rejections only\)/,
  ],
  ['a recent login', { authentication: { maxAgeSeconds: 900 } }, 'a login', /last 15m/],
  ['a comment', { commentRequired: 'reject' }, 'a comment', /each reject/],
  ['rejects', { reject: { kind: 'count', count: 3 } }, 'a reject', /with 2 more/],
  ['freezes', { groups, freezeOverride: { group: 'security' } }, 'in a freeze', /members of security/],
  ['a ticket', { ticket: ticketRule() }, 'a ticket', /^of jira, needed: open$/],
  [
    'a ticket of a kind',
    {
      ticket: ticketRule({
        required: false,
        ...{ projects: ['OPS'], types: ['Change'], states: ['Scheduled', 'Implement'], approved: true },
        ...{ sameTarget: { field: 'ci', member: 'sn' }, window: { start: 'from', end: 'to' } },
      }),
    },
    'a ticket',
    /if one is named: in OPS, of type Change, in state Scheduled or Implement, with the target's sn in ci, .*approved/,
  ],
  ['a precheck', { precheck: 'advisory' }, 'precheck', /advisory/],
  [
    'a window',
    { windows: [{ cron: '0 0 1 1 *', durationMinutes: 1, timeZone: 'UTC', holidays: [] }] },
    'window',
    /open until 1970-01-01T00:01/,
  ],
  [
    'break-glass',
    { groups, breakGlass: { groups: ['oncall'], approvals: 0, reasons: ['outage'] } },
    'break-glass',
    /may: it runs once nobody.*outage/,
  ],
  [
    'break-glass for others',
    { groups, breakGlass: { groups: ['security'], approvals: 1 } },
    'break-glass',
    /may not/,
  ],
])('%s', (_name, more, what, expected) => {
  expect(told(more)[what]).toMatch(expected);
});

test('break-glass that a policy does not allow would be refused', () => {
  expect(told({}, true)['break-glass']).toMatch(/refused/);
  expect(told({})).not.toHaveProperty('break-glass');
});
