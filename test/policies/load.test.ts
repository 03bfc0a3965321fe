import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { rm } from 'node:fs/promises';
import { fourEyes } from '../../domain/four-eyes.ts';
import { demoPolicy } from '../../embedded/demo-policy.ts';
import { explain } from '../../policies/explain.ts';
import { jsonSchemas } from '../../policies/json-schema.ts';
import { checkPolicies, loadPolicies } from '../../policies/load.ts';
import { matchPolicy } from '../../policies/match.ts';
import { person } from '../domain/decidable-fixture.ts';
import { operations } from '../support/operations.ts';
import { temporaryHome } from '../support/stack.ts';
import { targetOf } from '../support/target.ts';
import { ticketRule } from '../support/ticket.ts';

const stage = 'stages: [{ name: s, groups: [{ anyApprover: true, threshold: 1 }] }]';
const one = (rest: string) => `policies:\n  - name: one\n    version: "1"\n    ${rest}\n`;
const staged = (groups: string, list: string, rest = '') =>
  `groups: ${groups}\npolicies:\n  - name: one\n    version: "1"\n    stages: [{ name: s, groups: ${list} }]\n${rest}`;
const who = (...names: string[]) =>
  `[${names.map((n) => `{ issuer: "https://id", subject: ${n} }`).join(', ')}]`;

async function files(policy: string, directory?: string) {
  const home = await temporaryHome();
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const policyFile = join(home, 'policy.yaml');
  const directoryFile = directory === undefined ? null : join(home, 'directory.yaml');
  await writeFile(policyFile, policy);
  if (directoryFile !== null) await writeFile(directoryFile, directory ?? '');
  return { policyFile, directoryFile };
}
test.each<[string, string | null]>([
  ['scope: { regionId: ["cn-*"] }', null],
  ['operation: ["*Device*"], scope: { deviceSn: ["1"] }', null],
  ['scope: { regionID: ["cn-*"] }', 'warning policies.0.match one_of'],
  ['operation: ["*CaCertificate"], scope: { deviceSn: ["1"] }', 'warning policies.0.match one_of'],
  ['operation: [ActiveCACertificate]', 'warning policies.0.match one_of'],
  ['scope: { __proto__: ["1"] }', 'error policies.0.match.scope format'],
  ['}\n    ticket: { system: jira, sameTarget: { field: ci, member: sn }', null],
  [
    '}\n    ticket: { system: jira, sameTarget: { field: ci, member: serial }',
    'warning policies.0.ticket.sameTarget one_of',
  ],
])('a policy for { %s }, where the operations are known', async (match, expected) => {
  const policyFiles = await files(one(`${stage}\n    match: { ${match} }`));
  const { set, problems } = await checkPolicies({ ...policyFiles, operations });
  const found = problems.filter(({ rule }) => rule !== 'listable');
  expect(found.map(({ severity, field, rule }) => `${severity} ${field} ${rule}`)).toEqual(
    expected === null ? [] : [expected],
  );
  expect(set === null).toBe(expected?.startsWith('error') ?? false);
});

async function problemsOf(policy: string, directory?: string) {
  const { set, problems } = await checkPolicies(await files(policy, directory));
  return {
    ok: set !== null,
    problems: problems.map(({ severity, line, field, rule }) => `${severity} ${line} ${field} ${rule}`),
  };
}

describe('what is refused when a policy file is loaded', () => {
  test.each<[string, string, string]>([
    ['no YAML', 'policies: [', 'error 1  yaml'],
    ['a key twice', `policies: []\npolicies: []`, 'error 2  yaml'],
    ['no policies', 'policies: []', 'error 1 policies required'],
    ['an unknown field', one(`${stage}\n    stagess: []`), 'error 5 policies.0.stagess unknown_field'],
    [
      'a threshold of 0',
      staged('{ g: { source: token } }', '[{ group: g, threshold: 0 }]'),
      'error 5 policies.0.stages.0.groups.0.threshold minimum',
    ],
    [
      'no threshold',
      staged('{ g: { source: token } }', '[{ group: g }]'),
      'error 5 policies.0.stages.0.groups.0.threshold required',
    ],
    [
      'an empty group',
      staged('{ g: { source: members, members: [] } }', '[{ group: g, threshold: 1 }]'),
      'error 1 groups.g.members required',
    ],
    ['a stage without groups', staged('{}', '[]'), 'error 5 policies.0.stages.0.groups required'],
    ['no stages', one('match: {}'), 'error 2 policies.0.stages required'],
    [
      'an unknown group',
      staged('{}', '[{ group: g, threshold: 1 }]'),
      'error 5 policies.0.stages.0.groups.0.group known_group',
    ],
    [
      'a group that the directory has not',
      staged('{ g: { source: directory } }', '[{ group: g, threshold: 1 }]'),
      'error 1 groups.g known_group',
    ],
    [
      'a group and any approver',
      staged('{ g: { source: token } }', '[{ group: g, anyApprover: true, threshold: 1 }]'),
      'error 5 policies.0.stages.0.groups.0 one_of',
    ],
    [
      'more seats than people',
      staged(`{ g: { source: members, members: ${who('bob')} } }`, '[{ group: g, threshold: 2 }]'),
      'error 5 policies.0.stages satisfiable',
    ],
    [
      'one person for two groups',
      staged(
        `{ g: { source: members, members: ${who('bob')} }, h: { source: members, members: ${who('bob')} } }`,
        '[{ group: g, threshold: 1 }, { group: h, threshold: 1 }]',
      ),
      'error 5 policies.0.stages satisfiable',
    ],
    [
      'a standard policy with stages',
      one(`${stage}\n    standard: true`),
      'error 4 policies.0.stages standard',
    ],
    [
      'a window that never comes',
      one(`${stage}\n    windows: [{ cron: "0 0 31 2 *", durationMinutes: 5, timeZone: UTC }]`),
      'error 5 policies.0.windows.0 window',
    ],
    [
      'a table and projects',
      one(`${stage}\n    ticket: { system: jira, table: t, projects: [p] }`),
      'error 5 policies.0.ticket.table distinct',
    ],
    [
      'a ticket of no system',
      one(`${stage}\n    ticket: { types: [Change] }`),
      'error 5 policies.0.ticket.system required',
    ],
    [
      'a planned window of one field',
      one(`${stage}\n    ticket: { system: jira, window: { start: a, end: a } }`),
      'error 5 policies.0.ticket.window.end distinct',
    ],
    [
      'a target in no field',
      one(`${stage}\n    ticket: { system: jira, sameTarget: { member: sn } }`),
      'error 5 policies.0.ticket.sameTarget one_of',
    ],
    [
      'a reminder after decide-by',
      one(`${stage}\n    decideWithin: 1d\n    reminders: [2d]`),
      'error 6 policies.0.reminders before',
    ],
    [
      'a region in both forms',
      one(`match: { region: ["cn-*"], scope: { regionId: [cn-hangzhou] } }\n    ${stage}`),
      'error 4 policies.0.match.region distinct',
    ],
    [
      'an instance in both forms',
      one(`match:\n      scope: { mqttInstanceId: [a] }\n      instance: [b]\n    ${stage}`),
      'error 6 policies.0.match.instance distinct',
    ],
    [
      'a name in its scope that is none',
      one(`match: { scope: { "s n": [x] } }\n    ${stage}`),
      'error 4 policies.0.match.scope.s n format',
    ],
    [
      'a pattern that is no list',
      one(`match: { scope: { sn: x } }\n    ${stage}`),
      'error 4 policies.0.match.scope.sn type',
    ],
    [
      'a pattern of 201 characters',
      one(`match: { scope: { sn: [${'x'.repeat(201)}] } }\n    ${stage}`),
      'error 4 policies.0.match.scope.sn.0 maximum',
    ],
    [
      'a scope of eleven',
      one(
        `match: { scope: { ${Array.from({ length: 11 }, (_, n) => `m${n}: [x]`).join(', ')} } }\n    ${stage}`,
      ),
      'error 4 policies.0.match.scope format',
    ],
    [
      'the same policy twice',
      `${one(stage)}  - name: one\n    version: "1"\n    ${stage}\n`,
      'error 5 policies.1.name distinct',
    ],
  ])('%s', async (_name, text, problem) => {
    const { ok, problems } = await problemsOf(text);
    expect(problems).toContain(problem);
    expect(ok).toBe(false);
  });
  test('a wrong directory names its own file', async () => {
    const { set, problems } = await checkPolicies(await files(one(stage), 'groups: { g: [] }'));
    expect(set).toBeNull();
    expect(problems[0]?.file).toMatch(/directory\.yaml$/);
  });
});

describe('a group has the name that its provider gives it', () => {
  test.each([
    '/ops',
    'Cloud Ops',
    'team:ops',
    '运维',
    'CORP\\\\ops',
    'CN=Ops,OU=Groups,DC=corp,DC=example',
    'a "quoted" one, with #, {, [ and: more',
    '0a1b2c3d-0000-4000-8000-000000000001',
    '42',
    'true',
    '~',
    'constructor',
    'x'.repeat(500),
  ])('%s', async (group) => {
    const named = JSON.stringify(group);
    const text = staged(
      `{ ${named}: { source: token } }`,
      `[{ group: ${named}, threshold: 1 }]`,
      `    match: { requesterGroup: [${named}] }\n`,
    );
    const { set, problems } = await checkPolicies(await files(text));
    expect(problems.map(({ rule }) => rule)).toEqual(['listable']);
    const facts = { operation: 'X', target: targetOf('x'), requester: person('alice', [group]), now: 0 };
    expect(set && explain(set, facts)).toMatchObject({
      policy: { groups: { [group]: { source: 'token' } } },
      stages: [{ seats: [{ group }] }],
    });
    const listed = staged(`{ ${named}: { source: directory } }`, `[{ group: ${named}, threshold: 1 }]`);
    const by = await checkPolicies(await files(listed, `groups: { ${named}: ${who('bob')} }`));
    expect(by.set && explain(by.set, facts)).toMatchObject({
      stages: [{ seats: [{ people: [{ subject: 'bob' }] }] }],
    });
  });

  test.each([
    ['', 'nothing'],
    [' ops', 'a blank before it'],
    ['ops\\n', 'a line end'],
    ['o\\u202eps', 'a mark that turns the direction'],
    ['o\\u200bps', 'a character of no width'],
    ['o\\eps', 'an escape'],
    ['x'.repeat(501), 'too many characters'],
  ])('but none of what cannot be told apart: "%s", %s', async (group) => {
    const text = staged(`{ "${group}": { source: token } }`, `[{ group: "${group}", threshold: 1 }]`);
    expect((await problemsOf(text)).ok).toBe(false);
    const { set } = await checkPolicies(await files(one(stage), `groups: { "${group}": ${who('bob')} }`));
    expect(set).toBeNull();
  });

  test('two ways to write one name are one name', async () => {
    const twice = '{ 42: { source: token }, "42": { source: directory } }';
    const { problems } = await problemsOf(staged(twice, '[{ group: "42", threshold: 1 }]'));
    expect(problems).toEqual(['error 1  yaml']);
  });
});

describe('what its author should know', () => {
  test.each<[string, string, string | undefined, string[]]>([
    [
      'nothing to say',
      staged('{ g: { source: directory } }', '[{ group: g, threshold: 1 }]'),
      `groups: { g: ${who('bob', 'carol')} }`,
      [],
    ],
    [
      'membership that cannot be listed',
      staged('{ g: { source: token } }', '[{ group: g, threshold: 1 }]'),
      undefined,
      ['warning 5 policies.0.stages listable'],
    ],
    [
      'a requester without whom nobody is left',
      staged(`{ g: { source: members, members: ${who('bob', 'carol')} } }`, '[{ group: g, threshold: 2 }]'),
      undefined,
      ['warning 5 policies.0.stages satisfiable_without_requester'],
    ],
    [
      'a policy that nothing reaches, by its scope and by a short form',
      `${one(`match: { region: ["cn-*"] }\n    ${stage}`)}  - name: two\n    version: "1"\n    match: { scope: { regionId: [cn-hangzhou], sn: ["1"] } }\n    ${stage}\n`,
      undefined,
      ['warning 8 policies.1.match reachable'],
    ],
    [
      'a policy that nothing reaches',
      `${one(`match: { region: ["cn-*"] }\n    ${stage}`)}  - name: two\n    version: "1"\n    match: { region: [cn-hangzhou] }\n    ${stage}\n`,
      undefined,
      ['warning 8 policies.1.match reachable'],
    ],
  ])('%s', async (_name, text, directory, warnings) => {
    const { ok, problems } = await problemsOf(text, directory);
    expect(ok).toBe(true);
    expect(
      problems.filter((p) => warnings.length === 0 || !p.endsWith('listable') || warnings.includes(p)),
    ).toEqual(warnings);
  });
});

test('the demo’s policies are as good as any, and its default is four-eyes', async () => {
  const { set } = await checkPolicies(await files(demoPolicy));
  const [critical, ticketed, other] = set?.rules ?? [];
  expect(ticketed?.policy).toMatchObject({
    ticket: { system: 'jira', required: true },
    channels: [{ name: 'slack' }, { name: 'dingtalk' }],
  });
  expect(critical?.policy.stages[0]?.groups).toHaveLength(2);
  expect(other?.policy).toMatchObject({
    name: fourEyes.name,
    stages: fourEyes.stages,
    reject: fourEyes.reject,
  });
});

test('the first policy that is for a change is its policy; where none is, there is none', async () => {
  const text = `groups: { sre: { source: token } }
policies:
  - { name: group, version: "1", match: { requesterGroup: [sre], instance: [post-cn-a*] }, ${stage} }
  - { name: region, version: "1", match: { region: ["cn-*"], operation: [ActiveCaCertificate] }, ${stage} }
  - { name: weekend, version: "1", match: { time: [{ cron: "0 0 * * 6", durationMinutes: 2880, timeZone: UTC }] }, ${stage} }
`;
  const { set } = await checkPolicies(await files(text));
  const name = (groups: string[], regionId: string, mqttInstanceId: string, at = '2026-11-24T00:00:00Z') => {
    const facts = {
      operation: 'ActiveCaCertificate',
      target: targetOf('t', { regionId, mqttInstanceId, sn: '1' }),
      requester: person('alice', groups),
      now: Date.parse(at),
    };
    return set && (matchPolicy(set.rules, facts, set.directory)?.name ?? null);
  };
  expect(name(['sre'], 'us-east-1', 'post-cn-abc')).toBe('group');
  expect(name(['dev'], 'cn-hangzhou', 'post-cn-abc')).toBe('region');
  expect(name(['sre'], 'us-east-1', 'post-cn-b')).toBeNull();
  expect(name([], 'us-east-1', 'x', '2026-11-28T00:00:00Z')).toBe('weekend');
  const facts = {
    operation: 'Other',
    target: targetOf('t', { regionId: 'cn-x' }),
    requester: person('alice'),
    now: Date.parse('2026-11-24T00:00:00Z'),
  };
  expect(set && explain(set, facts)).toMatchObject({
    verdict: 'no_policy',
    tried: [{ unmet: 'scope.mqttInstanceId' }, { unmet: 'operation' }, { unmet: 'time' }],
  });
});

test('a reload takes the new files over as a whole, or nothing of them', async () => {
  const paths = await files(one(stage));
  const policies = await loadPolicies(paths);
  const before = policies.current();
  await writeFile(paths.policyFile, one('stages: []'));
  await expect(policies.reload()).rejects.toMatchObject({ code: 'invalid_configuration' });
  expect(policies.current()).toBe(before);
  await writeFile(paths.policyFile, one(stage).replace('"1"', '"2"'));
  await policies.reload();
  expect(policies.current().rules[0]?.policy.version).toBe('2');
  expect(policies.current().rules[0]?.policy.digest).not.toBe(before.rules[0]?.policy.digest);
});

test('explains who may fill each seat, and whether they can', async () => {
  const text = staged(
    `{ g: { source: directory }, t: { source: token } }`,
    '[{ group: g, threshold: 1 }, { group: t, threshold: 1 }]',
  );
  const { set } = await checkPolicies(await files(text, `groups: { g: ${who('alice', 'bob')} }`));
  const facts = { operation: 'X', target: targetOf('x'), requester: person('alice'), now: 0 };
  expect(set && explain(set, facts)).toMatchObject({
    verdict: 'unknown',
    stages: [
      {
        seats: [
          { group: 'g', people: [{ subject: 'bob' }] },
          { group: 't', people: null },
        ],
      },
    ],
  });
});

test.each(Object.keys(jsonSchemas()))('%s is the one of the sources', async (name) => {
  const file = join(import.meta.dirname, '..', '..', 'policies', name);
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(jsonSchemas()[name]);
});

test('what a policy asks of a ticket is pinned as a whole, its short forms in full', async () => {
  const ticketOf = async (written: string) =>
    (await checkPolicies(await files(one(`${stage}\n    ${written}`)))).set?.rules[0]?.policy.ticket;
  expect(await ticketOf('match: {}')).toBeNull();
  expect(await ticketOf('ticket: { system: jira }')).toEqual(ticketRule());
  const full =
    'ticket: { system: snow, required: false, table: change_request, types: [normal], states: [Scheduled], ' +
    'sameTarget: ci, window: { start: start_date, end: end_date }, approved: true }';
  expect(await ticketOf(full)).toEqual({
    system: 'snow',
    required: false,
    projects: ['change_request'],
    types: ['normal'],
    states: ['Scheduled'],
    sameTarget: { field: 'ci', member: null },
    window: { start: 'start_date', end: 'end_date' },
    approved: true,
  });
  const member = 'ticket: { system: jira, projects: [A, B], sameTarget: { field: ci, member: sn } }';
  expect(await ticketOf(member)).toEqual(
    ticketRule({ projects: ['A', 'B'], sameTarget: { field: 'ci', member: 'sn' } }),
  );
});
