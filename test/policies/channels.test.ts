import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { pinnedPolicySchema } from '../../domain/policy-schema.ts';
import { checkPolicies } from '../../policies/load.ts';
import { temporaryHome } from '../support/stack.ts';

const issuer = 'https://id.example';

async function checked(rest: string, directory?: string) {
  const home = await temporaryHome();
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const policyFile = join(home, 'policy.yaml');
  const directoryFile = directory === undefined ? null : join(home, 'directory.yaml');
  await writeFile(
    policyFile,
    `policies:\n  - name: one\n    version: "1"\n    stages: [{ name: s, groups: [{ anyApprover: true, threshold: 1 }] }]\n    ${rest}\n`,
  );
  if (directoryFile !== null) await writeFile(directoryFile, directory ?? '');
  const { set, problems } = await checkPolicies({ policyFile, directoryFile, issuer });
  return {
    policy: set?.rules[0]?.policy ?? null,
    directory: set?.directory ?? null,
    problems: problems
      .filter(({ rule }) => rule !== 'listable')
      .map(({ severity, field, rule }) => `${severity} ${field} ${rule}`),
  };
}

describe('channels of a policy', () => {
  test('none are pinned as nothing, so that the digest of such a policy is as it was', async () => {
    const { policy } = await checked('match: {}');
    expect(policy).not.toBeNull();
    expect(policy).not.toHaveProperty('channels');
    expect((await checked('channels: []')).policy?.digest).toBe(policy?.digest);
  });

  test('are pinned with their mode, and so in the digest', async () => {
    const short = (await checked('channels: [slack]')).policy;
    expect(short?.channels).toEqual([{ name: 'slack', mode: 'decide' }]);
    expect(pinnedPolicySchema.parse(short)).toEqual(short);
    expect((await checked('channels: [{ name: slack }]')).policy?.digest).toBe(short?.digest);
    const rejecting = (await checked('channels: [{ name: slack, mode: reject_only }]')).policy;
    expect(rejecting?.channels).toEqual([{ name: 'slack', mode: 'reject_only' }]);
    const digests = [(await checked('match: {}')).policy, short, rejecting].map((policy) => policy?.digest);
    expect(new Set(digests).size).toBe(3);
  });

  test.each<[string, string[]]>([
    ['channels: [slack, dingtalk]', []],
    ['channels: slack', ['error policies.0.channels type']],
    ['channels: [Slack]', ['error policies.0.channels.0 format']],
    ['channels: [{ name: slack, mode: approve }]', ['error policies.0.channels.0 one_of']],
    ['channels: [slack, { name: slack, mode: reject_only }]', ['error policies.0.channels.1 distinct']],
    ['channels: [slack]\n    authentication: { methods: [mfa] }', ['warning policies.0.channels.0 channel']],
    [
      'channels: [slack]\n    authentication: { maxAgeSeconds: 900 }',
      ['warning policies.0.channels.0 channel'],
    ],
    ['channels: [slack]\n    authentication: { methods: [mfa, "via:slack"] }', []],
  ])('%s', async (rest, expected) => {
    const { problems, policy } = await checked(rest);
    expect(problems).toEqual(expected);
    expect(policy === null).toBe(expected.some((problem) => problem.startsWith('error')));
  });
});

describe('accounts of a directory', () => {
  const mapped = (accounts: string, more = '', of = issuer) =>
    `  - { issuer: "${of}", subject: bob, ${more}accounts: [${accounts}] }\n`;
  const directory = (...people: string[]) => `groups: {}\naccounts:\n${people.join('')}`;

  test('say whose an account is, and what they may do by it', async () => {
    const { directory: found } = await checked(
      'match: {}',
      directory(
        mapped(
          '{ system: slack, team: T1, user: U1 }, { system: jira, user: "5b:1" }',
          'roles: [approver], ',
        ),
        `  - { issuer: "${issuer}", subject: carol, name: Carol, accounts: [{ system: dingtalk, corp: c1, user: U1 }] }\n`,
      ),
    );
    const personOf = found?.personOf;
    expect(personOf?.('slack', { team: 'T1', user: 'U1' })).toEqual({
      issuer,
      subject: 'bob',
      name: 'bob',
      roles: ['approver'],
    });
    expect(personOf?.('jira', { team: '', user: '5b:1' })).toMatchObject({ subject: 'bob' });
    expect(personOf?.('dingtalk', { team: 'c1', user: 'U1' })).toEqual({
      issuer,
      subject: 'carol',
      name: 'Carol',
      roles: [],
    });
    for (const [system, team, user] of [
      ['slack', 'T2', 'U1'],
      ['slack', 'T1', 'U2'],
      ['slack', 'T1', 'u1'],
      ['slack', '', 'U1'],
      ['slack-2', 'T1', 'U1'],
      ['slack', 'T1","U1', ''],
      ['jira', 'T1', '5b:1'],
    ] as const) {
      expect(personOf?.(system, { team, user }), `${system} ${team} ${user}`).toBeNull();
    }
  });

  test.each<[string, string]>([
    [
      'an account under two names of systems, of one person',
      directory(mapped('{ system: slack, team: T1, user: U1 }, { system: slack-2, team: T1, user: U1 }')),
    ],
    [
      'one id in two workspaces, and in two systems that have none, of two people',
      directory(
        mapped('{ system: slack, team: T1, user: U1 }, { system: jira, user: U1 }'),
        mapped('{ system: slack, team: T2, user: U1 }, { system: now, user: U1 }').replace('bob', 'carol'),
      ),
    ],
  ])('%s is no error', async (_name, file) => {
    expect((await checked('match: {}', file)).problems).toEqual([]);
  });

  test.each<[string, string, string[]]>([
    [
      'an account twice, of two people',
      directory(
        mapped('{ system: slack, team: T1, user: U1 }'),
        mapped('{ system: slack, team: T1, user: U1 }').replace('bob', 'carol'),
      ),
      ['error accounts.1.accounts.0 distinct'],
    ],
    [
      'an account under two names of systems, of two people',
      directory(
        mapped('{ system: slack, team: T1, user: U1 }'),
        mapped('{ system: slack-2, team: T1, user: U1 }').replace('bob', 'carol'),
      ),
      ['error accounts.1.accounts.0 distinct'],
    ],
    [
      'a member of a company under two names of systems, of two people',
      directory(
        mapped('{ system: d, corp: c, user: U1 }'),
        mapped('{ system: d-2, corp: c, user: U1 }').replace('bob', 'carol'),
      ),
      ['error accounts.1.accounts.0 distinct'],
    ],
    [
      'an account twice, of one person',
      directory(mapped('{ system: slack, team: T1, user: U1 }, { system: slack, team: T1, user: U1 }')),
      ['error accounts.0.accounts.1 distinct'],
    ],
    [
      'a company that is called a team',
      directory(mapped('{ system: d, corp: c, user: U }, { system: d, team: c, user: U }')),
      ['error accounts.0.accounts.1 distinct'],
    ],
    [
      'both a team and a company',
      directory(mapped('{ system: d, corp: c, team: t, user: U }')),
      ['error accounts.0.accounts.0 format'],
    ],
    [
      'no user',
      directory(mapped('{ system: slack, team: T1 }')),
      ['error accounts.0.accounts.0.user required'],
    ],
    [
      'an address for a user',
      directory(mapped('{ system: slack, team: T1, email: "bob@example.com" }')),
      ['error accounts.0.accounts.0.user required', 'error accounts.0.accounts.0.email unknown_field'],
    ],
    [
      'another role',
      directory(mapped('{ system: slack, team: T1, user: U1 }', 'roles: [admin], ')),
      ['error accounts.0.roles.0 one_of'],
    ],
    [
      'somebody of another issuer, who would not be the requester that they are',
      directory(mapped('{ system: slack, team: T1, user: U1 }', '', `${issuer}/`)),
      ['error accounts.0.issuer known_issuer'],
    ],
    [
      'a machine',
      directory(mapped('{ system: slack, team: T1, user: U1 }', '', 'countersign')),
      ['error accounts.0.issuer known_issuer'],
    ],
  ])('%s', async (_name, text, expected) => {
    const { problems, policy } = await checked('match: {}', text);
    expect(problems.toSorted()).toEqual(expected.toSorted());
    expect(policy).toBeNull();
  });
});
