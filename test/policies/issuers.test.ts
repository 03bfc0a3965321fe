import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { choosePolicy } from '../../policies/choose.ts';
import { readSubmitRequest } from '../../api/submit-request.ts';
import { checkPolicies } from '../../policies/load.ts';
import { person } from '../domain/decidable-fixture.ts';
import { submission } from '../support/service.ts';
import { temporaryHome } from '../support/stack.ts';
import { operations } from '../support/operations.ts';

const issuer = 'https://id.example';
/** One person, of the accepted issuer or of another. */
const who = (subject: string, of = issuer) => `{ issuer: "${of}", subject: ${subject} }`;
const slash = `${issuer}/`;

async function checked(policy: string, directory: string | null, accepted: string | null = issuer) {
  const home = await temporaryHome();
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const policyFile = join(home, 'policy.yaml');
  const directoryFile = directory === null ? null : join(home, 'directory.yaml');
  await writeFile(policyFile, policy);
  if (directoryFile !== null && directory !== null) await writeFile(directoryFile, directory);
  const { set, problems } = await checkPolicies({ policyFile, directoryFile, issuer: accepted });
  return {
    set,
    problems: problems.map(
      ({ severity, file, line, field, rule }) =>
        `${severity} ${file.endsWith('directory.yaml') ? 'directory' : 'policy'} ${line} ${field} ${rule}`,
    ),
  };
}

const stages = (group: string) =>
  `policies:\n  - { name: p, version: "1", stages: [{ name: s, groups: [{ group: ${group}, threshold: 1 }] }]`;
const inPolicy = (...members: string[]) =>
  `groups:\n  g:\n    source: members\n    members:\n${members.map((m) => `      - ${m}\n`).join('')}${stages('g')} }\n`;
const inDirectory = `groups: { g: { source: directory } }\n${stages('g')} }\n`;

function submitted(set: NonNullable<Awaited<ReturnType<typeof checked>>['set']>) {
  const alice = person('alice');
  const request = readSubmitRequest(
    operations,
    {
      body: submission('1'),
      key: undefined,
      person: { ...alice, issuer },
      source: null,
    },
    0,
  );
  return () => choosePolicy(set, request, 0).name;
}

test.each<[string, string, string | null, string[]]>([
  [
    'members of a policy',
    inPolicy(who('bob', slash), who('carol', 'https://other.example')),
    null,
    [
      'warning policy 5 groups.g.members.0.issuer known_issuer',
      'warning policy 8 policies.0.stages satisfiable',
    ],
  ],
  [
    'a directory',
    inDirectory,
    `groups:\n  g:\n    - ${who('bob', 'HTTPS://id.example')}\n`,
    ['warning policy 3 policies.0.stages satisfiable', 'warning directory 3 groups.g.0.issuer known_issuer'],
  ],
])(
  '%s of issuers that no token has are told of, and fill no seat',
  async (_name, policy, directory, told) => {
    const { set, problems } = await checked(policy, directory);
    expect(problems).toEqual(told);
    if (set === null) throw new Error('it was refused');
    expect(submitted(set)).toThrow(expect.objectContaining({ code: 'policy_unsatisfiable' }));
    // Where the issuer is not known, nothing can be told.
    const unknown = await checked(policy, directory, null);
    expect(unknown.problems.join()).not.toContain('known_issuer');
  },
);

test('one whose tokens come is enough', async () => {
  const { set, problems } = await checked(inPolicy(who('bob', slash), who('carol')), null);
  expect(problems).toEqual([
    'warning policy 5 groups.g.members.0.issuer known_issuer',
    // What carol asks for, bob cannot approve.
    'warning policy 8 policies.0.stages satisfiable_without_requester',
  ]);
  expect(set && submitted(set)()).toBe('p');
});

test('a delegation to somebody of another issuer fills no seat', async () => {
  const delegation = `, delegations: [{ from: ${who('alice')}, to: ${who('bob', slash)}, since: "1970-01-01T00:00:00Z", until: "9999-01-01T00:00:00Z" }]`;
  const policy = inPolicy(who('alice')).replace(/ \}\n$/, `${delegation} }\n`);
  const { set, problems } = await checked(policy, null);
  expect(problems).toEqual(
    expect.arrayContaining([expect.stringMatching(/delegations\.0\.to\.issuer known_issuer$/)]),
  );
  expect(set && submitted(set)).toThrow(expect.objectContaining({ code: 'policy_unsatisfiable' }));
});
