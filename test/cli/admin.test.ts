import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { apiTokenCommands } from '../../cli/api-token-commands.ts';
import { changeCommands } from '../../cli/change-commands.ts';
import { readEnvironment } from '../../cli/environment.ts';
import { freezeCommands } from '../../cli/freeze-commands.ts';
import { policyCommands } from '../../cli/policy-commands.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import { temporaryHome } from '../support/stack.ts';
import { startApiStack } from '../api/api-stack.ts';
import type { ApiStack } from '../api/api-stack.ts';
import { honest } from '../support/honest.ts';

const main = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');
const later = new Date(Date.now() + 3_600_000).toISOString();

let stack: ApiStack;
let home: string;

beforeAll(async () => {
  [stack, home] = await Promise.all([startApiStack(), temporaryHome()]);
});
afterAll(async () => {
  await stack.stop();
  await rm(home, { recursive: true, force: true });
});

const where = () => ({
  COUNTERSIGN_HOME: home,
  COUNTERSIGN_URL: stack.api.url,
  OIDC_ISSUER: stack.testbed.identity.issuer,
});

/** The commands in this process: what they print, or the code of their refusal. */
async function run(env: NodeJS.ProcessEnv, ...args: string[]) {
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  const printed: { answer?: unknown; out: string; code: unknown } = { out: '', code: null };
  const output = {
    result(value: unknown, lines: readonly string[]) {
      printed.answer = value;
      printed.out = lines.join('\n');
    },
  };
  for (const add of [changeCommands, policyCommands, freezeCommands, apiTokenCommands]) {
    add(
      program,
      () => readEnvironment({ ...where(), ...env }),
      () => output,
    );
  }
  await program.parseAsync(args, { from: 'user' }).catch((error: unknown) => {
    printed.code = (error as { code?: unknown }).code;
  });
  return printed as { answer: Record<string, unknown>; out: string; code: unknown };
}

/** The command as a user gives it: its exit code and what it printed as JSON. */
function spawned(...args: string[]) {
  return new Promise<{ exit: unknown; answer: Record<string, unknown> }>((resolve) => {
    execFile(process.execPath, [main, '--json', ...args], { env: where() }, (error, out) => {
      resolve({
        exit: error ? error.code : 0,
        answer: JSON.parse(out || '{}') as Record<string, unknown>,
      });
    });
  });
}

test('an admin creates, lists and ends a freeze; nobody else does', async () => {
  const create = [
    'freeze',
    'create',
    '--reason',
    'the great sale',
    '--instance',
    'post-cn-*',
    '--key',
    'sale',
  ];
  const made = await run({}, ...create, '--ends-at', later, '--as', 'adam');
  expect(made).toMatchObject({
    code: null,
    answer: {
      reason: 'the great sale',
      scope: { mqttInstanceId: 'post-cn-*' },
      endsAt: later,
      liftedAt: null,
    },
  });
  const id = String(made.answer['id']);
  expect((await run({}, ...create, '--ends-at', later, '--as', 'adam')).answer['id']).toBe(id);
  expect(await run({}, ...create, '--as', 'olga')).toMatchObject({ code: 'missing_role' });
  expect((await run({}, 'freeze', 'list', '--as', 'olga')).out).toMatch(
    new RegExp(`^${id}  in force  .*post-cn-\\*: the great sale`, 'm'),
  );
  expect(await run({}, 'freeze', 'end', id, '--as', 'olga')).toMatchObject({ code: 'missing_role' });
  expect(await run({}, 'freeze', 'end', id, '--as', 'adam')).toMatchObject({
    code: null,
    answer: { liftedBy: { subject: 'adam' } },
  });
  expect((await run({}, 'freeze', 'list', '--as', 'adam')).out).toContain(`${id}  over`);
});

test('a freeze holds members of scopes, each once', async () => {
  const create = ['freeze', 'create', '--reason', 'x', '--as', 'adam', '--scope', 'sn=0072*', '--scope'];
  const made = await run({}, ...create, 'mqttInstanceId=b=c', '--region', 'cn-*');
  expect(made.answer).toMatchObject({ scope: { sn: '0072*', mqttInstanceId: 'b=c', regionId: 'cn-*' } });
  expect(made.out).toMatch(/ {2}sn=0072\* mqttInstanceId=b=c regionId=cn-\*: x$/);
  expect((await run({}, 'freeze', 'end', String(made.answer['id']), '--as', 'adam')).code).toBeNull();
  expect((await run({}, ...create, 'regionId=x', '--region', 'cn-*')).code).toBe('invalid_request');
  for (const wrong of ['sn=1', 'sn', '=1']) {
    expect((await run({}, ...create, wrong)).code).toBe('commander.invalidArgument');
  }
});

test('changes are listed by members of their targets’ scopes', async () => {
  const sn = randomUUID();
  const input = { regionId: 'cn-hangzhou', mqttInstanceId: 'post-cn-listed', sn };
  const { id, target } = await stack.stored({ input });
  const list = (...options: string[]) => run({}, 'change', 'list', ...options, '--as', 'dave');
  for (const options of [
    ['--scope', `sn=${sn}`],
    ['--scope', `sn=${sn}`, '--scope', 'mqttInstanceId=post-cn-listed'],
    ['--sn', sn],
  ]) {
    expect((await list(...options)).out).toBe(`${id}  pending   not_started      ${target.label}`);
  }
  expect((await list('--scope', `sn=${sn}`, '--scope', 'regionId=cn-beijing')).out).toBe('');
  expect((await list('--scope', `sn=${sn}`, '--sn', sn)).code).toBe('invalid_request');
  const shown = (await run({}, 'change', 'show', id, '--as', 'dave')).out;
  expect(shown).toContain(`\ntarget      ${target.label}\nscope       {`);
  expect(JSON.parse(/^scope +(.*)$/m.exec(shown)?.[1] ?? '')).toEqual(target.scope);
});

test('an approver whom the policy names lets a change run in a freeze', async () => {
  const policy = {
    freezeOverride: { group: 'security' },
    groups: { security: { source: 'token' as const } },
  };
  const change = await stack.stored({ policy: { ...fourEyes, ...policy } });
  const { answer } = await run({}, 'freeze', 'create', '--reason', 'x', '--as', 'adam');
  const override = ['freeze', 'override', String(answer['id']), '--change', change.id, '--comment', 'urgent'];
  expect(await run({}, ...override, '--as', 'bob')).toMatchObject({ code: 'not_an_approver' });
  expect(await run({}, ...override, '--as', 'frank')).toMatchObject({
    code: null,
    answer: { changeId: change.id, digest: change.digest, by: { subject: 'frank' } },
  });
  await run({}, 'freeze', 'end', String(answer['id']), '--as', 'adam');
});

test('an admin issues a token for a machine, which works until it is revoked', async () => {
  const issue = ['api-token', 'issue', '--name', 'pipeline', '--scope', 'changes:request', 'audit:read'];
  const issued = await run({}, ...issue, '--expires-at', later, '--as', 'adam');
  expect(issued).toMatchObject({
    code: null,
    answer: { name: 'pipeline', scopes: ['changes:request', 'audit:read'], expiresAt: later },
  });
  const COUNTERSIGN_TOKEN = String(issued.answer['secret']);
  expect((await run({ COUNTERSIGN_TOKEN }, 'change', 'list')).code).toBeNull();
  const id = String(issued.answer['id']);
  const { out } = await run({}, 'api-token', 'list', '--as', 'adam');
  expect(out).toContain(`${id}  expires at ${later}`);
  expect(out).not.toContain(COUNTERSIGN_TOKEN);
  expect(await run({}, 'api-token', 'revoke', id, '--as', 'adam')).toMatchObject({
    code: null,
    answer: { id, revokedBy: { subject: 'adam' } },
  });
  expect((await run({ COUNTERSIGN_TOKEN }, 'change', 'list')).code).toBe('unauthenticated');
  expect(await run({}, 'api-token', 'list', '--as', 'bob')).toMatchObject({ code: 'missing_role' });
  expect((await run({}, ...issue, '--as', 'adam')).code).toBe('commander.missingMandatoryOptionValue');
});

test('an admin revokes a version of a policy, and who asks sees it', async () => {
  const policy = honest({ ...fourEyes, name: 'lax' });
  const { digest } = policy;
  const closed = { closedAt: new Date().toISOString(), decisionStatus: 'rejected' } as const;
  await stack.stored({ policy, ...closed });
  const revoke = ['policy', 'revoke', digest, '--comment', 'four eyes were two'];
  expect(await run({}, ...revoke, '--as', 'olga')).toMatchObject({ code: 'missing_role' });
  expect(await run({}, ...revoke, '--as', 'adam')).toMatchObject({
    code: null,
    answer: { name: 'lax', digest },
  });
  const { out } = await run({}, 'policy', 'revocations', '--as', 'adam');
  // One that is loaded can be revoked before anybody asks for anything under it.
  const unused = await run({}, 'policy', 'revoke', fourEyes.digest, '--comment', 'x', '--as', 'adam');
  expect(unused).toMatchObject({ code: null, answer: { name: fourEyes.name } });
  const asked = ['change', 'create', '--instance', 'i', '--sn', '1', '--justification', 'x', '--as', 'alice'];
  expect((await run({}, ...asked)).code).toBe('policy_revoked');
  const members = ['regionId=cn-hangzhou', 'mqttInstanceId=i', 'sn=2'].flatMap((one) => ['--input', one]);
  const byMembers = ['change', 'create', ...members, '--justification', 'x', '--as', 'alice'];
  expect((await run({}, ...byMembers)).code).toBe('policy_revoked');
  expect((await run({}, ...byMembers, '--input', 'more=1')).code).toBe('invalid_request');
  expect(out).toContain(`lax version ${fourEyes.version} ${digest}  by Adam Abbott: four eyes were two`);
});

test('the commands exit as all do: 0 done, 1 refused, 3 used wrongly', async () => {
  const { exit, answer } = await spawned('token', 'frank', '--mfa');
  const [, claims = ''] = String(answer['token']).split('.');
  expect(exit).toBe(0);
  expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({ amr: ['demo', 'mfa'] });
  expect(await spawned('api-token', 'list', '--as', 'bob')).toMatchObject({
    exit: 1,
    answer: { code: 'missing_role' },
  });
  expect((await spawned('freeze', 'create', '--as', 'adam')).exit).toBe(3);
});

test('a second factor is played for a demo user alone', async () => {
  const { code } = await run({ COUNTERSIGN_TOKEN: 'x' }, 'change', 'list', '--mfa');
  expect(code).toBe('commander.invalidArgument');
  expect((await run({}, 'change', 'list', '--as', 'frank', '--mfa')).code).toBeNull();
});
