import { describe, expect, test } from 'vitest';
import { byChannel, channelOf, decisionsBy, refusalOfChannel, stranger } from '../../domain/channel.ts';
import { judgeDecision, refusalToDecide, refusalToTakeBack } from '../../domain/decision.ts';
import { represented } from '../../domain/membership.ts';
import { machineIssuer } from '../../domain/person.ts';
import type { Person } from '../../domain/person.ts';
import type { PinnedPolicy, RequiredAuthentication } from '../../domain/policy.ts';
import { judgeReview } from '../../domain/review.ts';
import { personOf } from '../../identity/claims.ts';
import { change } from '../store/change-fixture.ts';
import {
  after,
  alice,
  codeOf,
  decidable,
  person,
  policyOf,
  stage,
  submitted,
  wanted,
} from './decidable-fixture.ts';

const slack: PinnedPolicy['channels'] = [{ name: 'slack', mode: 'decide' }];
const rejecting: PinnedPolicy['channels'] = [{ name: 'slack', mode: 'reject_only' }];
const now = submitted + 1000;
const anybody = stage('first', '*:1');

/** Somebody with the role approver, who came by a channel. */
const by = (channel: string, more: Partial<Person> = {}): Person => ({
  ...person('bob'),
  authentication: byChannel(channel),
  ...more,
});

function judged(
  channels: PinnedPolicy['channels'],
  who: Person,
  decision: 'approve' | 'reject' = 'approve',
  more: Partial<PinnedPolicy> = {},
) {
  const policy = policyOf([anybody], { ...more, ...(channels ? { channels } : {}) });
  return codeOf(() => judgeDecision(decidable(policy), wanted(who, { decision }), now));
}

const refused = 'channel_not_allowed';

describe('a decision by a channel', () => {
  test.each<[string, PinnedPolicy['channels'], Person, 'approve' | 'reject', string]>([
    ['with a token, no channel named', undefined, person('bob'), 'approve', 'new'],
    ['with a token, only a channel named', slack, person('bob'), 'approve', 'new'],
    ['no channel named', undefined, by('slack'), 'approve', refused],
    ['no channel named, a rejection', undefined, by('slack'), 'reject', refused],
    ['an empty list', [], by('slack'), 'approve', refused],
    ['the channel named', slack, by('slack'), 'approve', 'new'],
    ['the channel named, a rejection', slack, by('slack'), 'reject', 'new'],
    ['another one named', slack, by('dingtalk'), 'approve', refused],
    ['a name that begins alike', slack, by('slack-2'), 'approve', refused],
    ['a name in another case', slack, by('Slack'), 'approve', refused],
    ['no name', slack, by(''), 'approve', refused],
    ['rejections only, an approval', rejecting, by('slack'), 'approve', refused],
    ['rejections only, a rejection', rejecting, by('slack'), 'reject', 'new'],
    ['the requester', slack, { ...alice, authentication: byChannel('slack') }, 'approve', 'self_approval'],
    [
      'the requester, not named',
      undefined,
      { ...alice, authentication: byChannel('slack') },
      'reject',
      'self_approval',
    ],
    ['without the role', slack, by('slack', { roles: [] }), 'approve', 'missing_role'],
    [
      'whoever the directory does not know',
      slack,
      stranger('slack', { team: 'T', user: 'U' }),
      'approve',
      'missing_role',
    ],
    [
      'a machine',
      slack,
      by('slack', { issuedBy: { issuer: 'https://id', subject: 'adam' } }),
      'approve',
      refused,
    ],
    ['a machine by its issuer', slack, by('slack', { issuer: machineIssuer }), 'approve', refused],
    ['with groups of a token', slack, by('slack', { groups: ['ops'] }), 'approve', refused],
    [
      'with a time of login',
      slack,
      by('slack', { authentication: { methods: ['via:slack'], at: '2026-01-01T00:00:00.000Z' } }),
      'approve',
      refused,
    ],
    [
      'with another method',
      slack,
      by('slack', { authentication: { methods: ['mfa', 'via:slack'], at: null } }),
      'approve',
      refused,
    ],
    [
      'by two channels',
      slack,
      by('slack', { authentication: { methods: ['via:slack', 'via:dingtalk'], at: null } }),
      'approve',
      refused,
    ],
  ])('%s', (_name, channels, who, decision, expected) => {
    expect(judged(channels, who, decision)).toBe(expected);
  });

  test.each<[RequiredAuthentication, string]>([
    [{ methods: ['mfa'] }, 'stronger_authentication_needed'],
    [{ maxAgeSeconds: 900 }, 'stronger_authentication_needed'],
    [{ methods: ['via:slack'], maxAgeSeconds: 900 }, 'stronger_authentication_needed'],
    [{ methods: ['mfa', 'via:slack'] }, 'new'],
    [{ methods: ['via:dingtalk'] }, 'stronger_authentication_needed'],
  ])('under a policy that asks for %j', (authentication, expected) => {
    expect(judged(slack, by('slack'), 'approve', { authentication })).toBe(expected);
  });

  test('a policy of a log from elsewhere may have anything for channels', () => {
    for (const channels of [null, 'slack', { name: 'slack' }, 7]) {
      const policy = { name: 'x', channels } as unknown as PinnedPolicy;
      expect(refusalOfChannel(policy, by('slack'), null)?.code).toBe(refused);
    }
  });

  test.each([undefined, null, 'both', 'DECIDE', {}])('the mode %j lets nobody approve', (mode) => {
    const policy = { name: 'x', channels: [{ name: 'slack', mode }] } as unknown as PinnedPolicy;
    expect(refusalOfChannel(policy, by('slack'), 'approve')?.code).toBe(refused);
    expect(decisionsBy(policy, 'slack')).toEqual(['reject']);
  });

  test('a person of a log from elsewhere may have anything for methods', () => {
    for (const authentication of [undefined, null, {}, { methods: 'via:slack' }, { methods: [7] }]) {
      expect(channelOf({ authentication } as unknown as Person)).toBe(null);
    }
  });
});

describe('what a channel does not carry', () => {
  const since = '2025-01-01T00:00:00.000Z';
  const until = '2027-01-01T00:00:00.000Z';
  const carol = { issuer: 'https://id', subject: 'carol' };
  const bob = { issuer: 'https://id', subject: 'bob' };
  const delegations = [{ from: carol, to: bob, since, until }];
  const groups = { board: { source: 'members', members: [carol] } } as const;
  const policy = policyOf([stage('first', 'board:1')], { delegations, groups, channels: slack });

  test('somebody else’s right: who acts for another does so with a token', () => {
    const at = new Date(now).toISOString();
    expect(represented(decidable(policy), { person: person('bob'), at })).toEqual([carol]);
    expect(represented(decidable(policy), { person: by('slack'), at })).toEqual([]);
    expect(codeOf(() => refusalToDecide(decidable(policy), { person: person('bob') }, now))).toBe('allowed');
    expect(codeOf(() => refusalToDecide(decidable(policy), { person: by('slack') }, now))).toBe(
      'not_an_approver',
    );
  });

  test('who acts for the requester is refused as ever', () => {
    const acting = policyOf([anybody], {
      delegations: [{ from: alice, to: bob, since, until }],
      channels: slack,
    });
    expect(codeOf(() => refusalToDecide(decidable(acting), { person: by('slack') }, now))).toBe(
      'self_approval',
    );
  });

  test('a group of tokens', () => {
    const ofTokens = policyOf([stage('first', 'operations:1')], { channels: slack });
    expect(codeOf(() => refusalToDecide(decidable(ofTokens), { person: by('slack') }, now))).toBe(
      'not_an_approver',
    );
  });

  test('taking a decision back, and a review', () => {
    const two = policyOf([stage('first', '*:2')], { channels: slack });
    const approved = after(decidable(two), by('slack'));
    expect(codeOf(() => refusalToTakeBack(approved, by('slack'), now))).toBe(refused);
    expect(codeOf(() => refusalToTakeBack(approved, person('bob'), now))).toBe('allowed');
    const ended = change({ reviewStatus: 'owed', closedAt: since });
    expect(codeOf(() => judgeReview(ended, by('slack')))).toBe(refused);
    expect(codeOf(() => judgeReview(ended, person('bob')))).toBe('new');
  });

  test('the same person twice: by a channel and with a token they have one seat', () => {
    const two = after(decidable(policyOf([stage('first', '*:2')], { channels: slack })), by('slack'));
    expect(codeOf(() => refusalToDecide(two, { person: person('bob') }, now))).toBe('already_decided');
    expect(two.decisionStatus).toBe('pending');
  });
});

test.each<[string, PinnedPolicy['channels'], readonly string[]]>([
  ['none', undefined, []],
  ['another', [{ name: 'dingtalk', mode: 'decide' }], []],
  ['rejections', rejecting, ['reject']],
  ['all', slack, ['approve', 'reject']],
])('the buttons of a message under a policy that takes %s from its channel', (_name, channels, expected) => {
  const policy = policyOf([anybody], channels ? { channels } : {});
  expect(decisionsBy(policy, 'slack')).toEqual(expected);
  for (const decision of ['approve', 'reject'] as const) {
    expect(refusalOfChannel(policy, by('slack'), decision) === null).toBe(expected.includes(decision));
  }
});

test('a token that names a channel as its method came by none', () => {
  const { authentication } = personOf({ sub: 'bob', amr: ['via:slack', 'mfa'] }, 'https://id');
  expect(authentication.methods).toEqual(['mfa']);
});
