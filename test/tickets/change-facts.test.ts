import { describe, expect, test } from 'vitest';
import { factsOf, headline, leftUntil, standingOf } from '../../tickets/change-facts.ts';
import { ToldChange } from './told-change.ts';

const now = Date.parse('2026-11-24T10:00:00.000Z');
const textOf = (change: ToldChange, label: string) =>
  factsOf(change.now(), now).find((fact) => fact.label === label)?.text;

describe('what is told of a change', () => {
  test('while a decision is awaited: what, by whom, for which target, who is missing, and until when', () => {
    const change = new ToldChange({ ticket: { system: 'jira', id: 'OPS-1', url: null } });
    change.tell('requested', 'prechecked');
    expect(Object.fromEntries(factsOf(change.now(), now).map(({ label, text }) => [label, text]))).toEqual({
      Status: 'a decision is awaited',
      Operation: 'ActiveCaCertificate',
      Target: `${change.asked.target.label} (${change.asked.target.id})`,
      'Requested by': 'alice (alice)',
      Justification: 'devices must connect again',
      Ticket: 'jira:OPS-1',
      'Read: caName': 'factory',
      'Read: status': '1',
      Policy: `${change.asked.policy.name}, version ${change.asked.policy.version}`,
      Missing: '1 of the approvers (stage one)',
      'Decide by': '2026-12-01 09:00 UTC (6 days left)',
      Digest: `${change.digest}, round 1`,
      Change: change.id,
    });
  });

  test('at the end: who decided, and what came of it, with the RequestId', () => {
    const change = new ToldChange();
    change.tell('requested', 'prechecked', 'approved', 'scheduled', 'closed');
    expect(textOf(change, 'Approved by')).toBe("bob (bob): bob's <b>word</b>");
    expect(textOf(change, 'Outcome')).toBe('succeeded: the certificate is active');
    expect(textOf(change, 'RequestId')).toBe('1A2B-3C');
    expect(textOf(change, 'Missing')).toBeUndefined();
    expect(textOf(change, 'Decide by')).toBeUndefined();
    expect(standingOf(change.now())).toBe('ended, succeeded');
    // The code of an end is not its status: the service may have a word like that.
    expect(standingOf({ ...change.now(), executionStatus: 'failed' })).toBe('ended, failed');
  });

  test('words of others stay on one line, seen as they are, and short', () => {
    const change = new ToldChange({ justification: `a\r\nStatus: approved\u202e\u0007${'é'.repeat(3000)}` });
    change.tell('requested', 'prechecked');
    const text = textOf(change, 'Justification') ?? '';
    expect(text).toMatch(/^a Status: approved\\u\{202e\}\\u\{7\}é+…$/);
    expect(text.length).toBeLessThan(1100);
  });

  test('a cut splits no character', () => {
    const change = new ToldChange({ justification: '😀'.repeat(2000) });
    change.tell('requested', 'prechecked');
    expect(textOf(change, 'Justification')).toBe(`${'😀'.repeat(999)}…`);
  });
});

test.each([
  ['2026-11-24T09:59:00.000Z', 'over'],
  ['2026-11-24T10:05:30.000Z', '5 min left'],
  ['2026-11-24T13:00:00.000Z', '3 h left'],
  ['2026-11-27T10:00:00.000Z', '3 days left'],
])('until %s: %s', (until, expected) => {
  expect(leftUntil(until, now)).toBe(expected);
});

test.each([
  ['awaiting_decision', 'Approval wanted: ActiveCaCertificate on '],
  ['reminder', 'Reminder, approval wanted: '],
  ['escalated', 'Approval still wanted: '],
  ['break_glass', 'Break-glass, runs without all approvals: '],
  ['decided', 'Approved: '],
  ['closed', 'Ended, succeeded: '],
] as const)('the headline of %s', (kind, expected) => {
  const change = new ToldChange();
  change.tell('requested', 'prechecked', 'approved', 'scheduled', 'closed');
  expect(headline(kind, change.now())).toContain(expected);
});
