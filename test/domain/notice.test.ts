import { describe, expect, test } from 'vitest';
import { fourEyes } from '../../domain/four-eyes.ts';
import { transitions } from '../../domain/lifecycle.ts';
import { audienceOf, dueNotices, mostPeopleTold, noticedTypes, noticeOf } from '../../domain/notice.ts';
import type { NoticeKind } from '../../domain/notice.ts';
import type { ChangeEventType } from '../../domain/change-event.ts';
import { change, person } from '../store/change-fixture.ts';

const hour = 3_600_000;
const since = '2026-11-24T12:00:00.000Z';
const at = (hours: number) => new Date(Date.parse(since) + hours * hour).toISOString();

describe('what falls due while a decision is awaited', () => {
  test.each<[string, number[], number | null, string[]]>([
    ['nothing where the policy says so', [], null, []],
    ['reminders and the escalation, in order', [4, 1], 2, ['reminder 1', 'escalated 2', 'reminder 4']],
    ['a reminder that is named twice, once', [1, 1], null, ['reminder 1']],
    ['both at one moment', [2], 2, ['reminder 2', 'escalated 2']],
    ['nothing at decide-by or after', [9, 10, 11], 10, ['reminder 9']],
  ])('%s', (_name, reminders, escalation, expected) => {
    const policy = {
      remindersMs: reminders.map((hours) => hours * hour),
      escalation: escalation === null ? null : { afterMs: escalation * hour, group: 'duty' },
    };
    const due = dueNotices(policy, since, at(10));
    expect(due).toEqual(
      expected.map((text) => {
        const [kind, hours] = text.split(' ');
        return { kind, at: at(Number(hours)) };
      }),
    );
  });
});

describe('which notice an entry is', () => {
  const asking = change();
  test.each<[ChangeEventType, Parameters<typeof change>[0], NoticeKind | null]>([
    ['change.prechecked', {}, 'awaiting_decision'],
    ['change.prechecked', { missing: [] }, null],
    ['decision.lapsed', {}, 'awaiting_decision'],
    ['decision.lapsed', { missing: [] }, null],
    ['change.reminded', {}, 'reminder'],
    ['change.escalated', {}, 'escalated'],
    ['change.scheduled', {}, 'decided'],
    ['change.scheduled', { breakGlass: true }, 'break_glass'],
    ['change.closed', {}, 'closed'],
  ])('%s %o: %s', (type, more, kind) => {
    expect(noticeOf(type, { ...asking, ...more })).toBe(kind);
    expect(noticedTypes).toContain(type);
  });
  test('no other entry of a change is one', () => {
    const others = (Object.keys(transitions) as ChangeEventType[]).filter((t) => !noticedTypes.includes(t));
    expect(others.map((type) => noticeOf(type, asking))).toEqual(others.map(() => null));
    expect(noticedTypes).toHaveLength(6);
  });
});

describe('who is told', () => {
  const policy = {
    ...fourEyes,
    stages: [
      { name: 'one', groups: [{ group: 'operations', threshold: 1 }] },
      { name: 'two', groups: [{ group: 'security', threshold: 1 }] },
    ],
    escalation: { afterMs: hour, group: 'duty' },
  };
  const pending = change({
    policy,
    missing: [
      { stage: 'one', group: 'operations', seats: 1, alsoFrom: [] },
      { stage: 'two', group: 'security', seats: 1, alsoFrom: [] },
    ],
  });
  const { issuer } = pending.requester;
  const decided = change({
    policy,
    missing: [],
    decisionStatus: 'approved',
    decisions: ['bob', 'frank', 'bob'].map((subject) => ({
      decision: 'approve' as const,
      comment: '',
      person: person(subject),
      digest: '',
      stage: 'one',
      round: 1,
      at: since,
      counts: true,
    })),
  });
  const alice = { issuer, subject: 'alice' };

  test('of an awaited decision: the open stage’s groups, and the escalation group once it was asked', () => {
    expect(audienceOf('awaiting_decision', pending)).toEqual({ groups: ['operations'], people: [] });
    expect(audienceOf('reminder', { ...pending, escalatedAt: since })).toEqual({
      groups: ['operations', 'duty'],
      people: [],
    });
  });
  test('of an escalation: its group and the requester', () => {
    expect(audienceOf('escalated', pending)).toEqual({ groups: ['duty'], people: [alice] });
  });
  test('of a break-glass change: everybody who was passed over', () => {
    expect(audienceOf('break_glass', pending).groups).toEqual(['operations', 'security']);
  });
  test.each(['decided', 'closed'] as const)(
    'that it is %s: whoever asked, decided, or was asked to',
    (kind) => {
      expect(audienceOf(kind, decided)).toEqual({
        groups: ['operations', 'security'],
        people: [alice, { issuer, subject: 'bob' }, { issuer, subject: 'frank' }],
      });
    },
  );
  test('of a change that very many have decided: the first of them', () => {
    const [one] = decided.decisions;
    if (!one) throw new Error('nobody has decided');
    const decisions = Array.from({ length: 2000 }, (_, i) => ({
      ...one,
      person: { ...one.person, subject: `approver-${i}` },
    }));
    expect(audienceOf('closed', { ...decided, decisions }).people).toHaveLength(mostPeopleTold);
  });
});
