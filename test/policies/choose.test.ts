import { expect, test } from 'vitest';
import type { CountersignError } from '../../domain/error.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import type { GroupSource } from '../../domain/policy.ts';
import { policyChoice } from '../../policies/choose.ts';
import { directoryFrom } from '../../policies/directory.ts';
import type { PolicyRule } from '../../policies/match.ts';
import { targetOf } from '../support/target.ts';

const alice = { issuer: 'https://idp.example', subject: 'alice' };
const never = [{ cron: '0 0 30 2 *', durationMinutes: 1, timeZone: 'UTC', holidays: [] }];

function asked(groups: string[]) {
  return {
    operation: 'ActiveCaCertificate',
    target: targetOf('t', { regionId: 'cn-hangzhou', mqttInstanceId: 'i', sn: 's' }),
    requester: {
      ...alice,
      name: 'Alice',
      roles: ['requester' as const],
      groups,
      authentication: { methods: [], at: null },
    },
    breakGlass: false,
    justification: 'why',
  };
}

const rule = (groups: Record<string, GroupSource>, more: PolicyRule['match'] = {}): PolicyRule => ({
  policy: { ...fourEyes, name: 'first', groups },
  match: { requesterGroup: Object.keys(groups), ...more },
});
const last: PolicyRule = { policy: { ...fourEyes, name: 'last' }, match: {} };
const token = { source: 'token' } as const;
const directory = { source: 'directory' } as const;
const members = (...subjects: string[]): GroupSource => ({
  source: 'members',
  members: subjects.map((subject) => ({ ...alice, subject })),
});

function chosen(rules: PolicyRule[], by: 'forPerson' | 'forHost', groups: string[]): string {
  const choice = policyChoice({
    current: () => ({
      rules,
      directory: directoryFrom({ listed: [alice], others: [{ ...alice, subject: 'b' }] }),
    }),
  });
  try {
    return choice[by](asked(groups), Date.now()).name;
  } catch (error) {
    return (error as CountersignError).code;
  }
}

test.each<[string, PolicyRule[], { token: string; host: string }]>([
  ['no group', [rule({}), last], { token: 'last', host: 'last' }],
  ['a group of tokens', [rule({ plant: token }), last], { token: 'first', host: 'token_needed' }],
  ['that after what fits', [last, rule({ plant: token })], { token: 'last', host: 'last' }],
  [
    'that for another region',
    [rule({ plant: token }, { scope: { regionId: ['cn-beijing'] } }), last],
    { token: 'last', host: 'last' },
  ],
  ['that at another time', [rule({ plant: token }, { time: never }), last], { token: 'last', host: 'last' }],
  ['a directory that has them', [rule({ listed: directory }), last], { token: 'first', host: 'first' }],
  ['a directory that has not', [rule({ others: directory }), last], { token: 'last', host: 'last' }],
  ['a list that has them', [rule({ own: members('alice') }), last], { token: 'first', host: 'first' }],
  ['a list that has not', [rule({ own: members('bob') }), last], { token: 'last', host: 'last' }],
  [
    'a list that has them, or a token',
    [rule({ own: members('alice'), plant: token }), last],
    { token: 'first', host: 'first' },
  ],
  [
    'a list that has not, or a token',
    [rule({ own: members('bob'), plant: token }), last],
    { token: 'first', host: 'token_needed' },
  ],
  ['nothing that fits', [rule({ own: members('bob') })], { token: 'no_policy', host: 'no_policy' }],
])('a requester whose token says plant, under %s', (_name, rules, { token: byToken, host }) => {
  expect(chosen(rules, 'forPerson', ['plant'])).toBe(byToken);
  // What a host says of groups is not asked.
  expect(chosen(rules, 'forHost', ['plant'])).toBe(host);
});
