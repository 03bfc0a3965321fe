import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryHome } from '../support/stack.ts';

const main = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');
const policies = (threshold: number) => `groups:
  operations: { source: token }
policies:
  - name: critical
    version: "1"
    match: { instance: ["post-cn-critical*"] }
    stages: [{ name: review, groups: [{ group: operations, threshold: ${threshold} }] }]
`;
const input = (instance: string) =>
  JSON.stringify({ regionId: 'cn-hangzhou', mqttInstanceId: instance, sn: '007269004887000001' });

/** The command as a user gives it: its exit code and what it printed as JSON. */
function policy(threshold: number, ...args: string[]) {
  return policyIn({}, threshold, ...args);
}

async function policyIn(env: NodeJS.ProcessEnv, threshold: number, ...args: string[]) {
  const home = await temporaryHome();
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const file = join(home, 'policy.yaml');
  await writeFile(file, policies(threshold));
  const [command = '', ...options] = args;
  return new Promise<{ code: unknown; answer: Record<string, unknown> }>((resolve) => {
    execFile(
      process.execPath,
      [main, '--json', 'policy', command, file, ...options],
      { env },
      (error, stdout) => {
        resolve({ code: error ? error.code : 0, answer: JSON.parse(stdout) as Record<string, unknown> });
      },
    );
  });
}

test('check says what holds, or what is wrong where', async () => {
  expect(await policy(2, 'check')).toMatchObject({
    code: 0,
    answer: { ok: true, policies: [{ name: 'critical', version: '1' }] },
  });
  const { code, answer } = await policy(0, 'check');
  expect(code).toBe(1);
  expect(answer).toMatchObject({ ok: false, policies: [] });
  expect(answer.problems).toMatchObject([
    { severity: 'error', line: 7, field: 'policies.0.stages.0.groups.0.threshold' },
  ]);
});

test('check names who is two of the administrators, where it is asked to', async () => {
  const roleMap = (roles: Record<string, string[]>) => ({ COUNTERSIGN_ROLE_MAP: JSON.stringify(roles) });
  const both = roleMap({ root: ['admin', 'operator'], audit: ['auditor'] });
  expect(await policyIn(both, 2, 'check', '--separation')).toMatchObject({
    code: 1,
    answer: { ok: false, separation: { overlaps: [{ who: 'value root', roles: ['admin', 'operator'] }] } },
  });
  const apart = roleMap({ root: ['admin'], ops: ['operator'], audit: ['auditor'] });
  expect(await policyIn(apart, 2, 'check', '--separation')).toMatchObject({
    code: 0,
    answer: { ok: true, separation: { overlaps: [] } },
  });
  const unasked = await policyIn(both, 2, 'check');
  expect([unasked.code, unasked.answer['separation']]).toEqual([0, undefined]);
  const unknown = await policyIn({}, 2, 'check', '--separation');
  expect(unknown.answer['separation']).toMatchObject({
    unknown: expect.stringContaining('all of it') as string,
  });
});

test('who stops reading ends the command quietly, and not as if it had said something', async () => {
  const child = spawn(process.execPath, [main, 'policy', '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  const [code] = (await once(child, 'exit')) as [number | null];
  expect({ code, complaint }).toEqual({ code: 141, complaint: '' });
});

test('explain says which policy a change would have, and that without one it is refused', async () => {
  const of = (instance: string) =>
    policy(
      2,
      'explain',
      '--input',
      input(instance),
      '--requester',
      'alice',
      '--issuer',
      'https://id.example',
    );
  expect(await of('post-cn-critical01')).toMatchObject({ code: 0, answer: { policy: { name: 'critical' } } });
  expect(await of('post-cn-other01')).toMatchObject({ code: 1, answer: { policy: null } });
});

test('explain takes the input member by member, and its short forms', async () => {
  const who = ['--requester', 'alice', '--issuer', 'https://id.example'];
  const of = (...input: string[]) => policy(2, 'explain', ...input, ...who);
  const members = ['--input', 'regionId=cn-hangzhou', '--input', 'mqttInstanceId=post-cn-critical01'];
  expect(await of(...members, '--input', 'sn=1')).toMatchObject({ code: 0, answer: { verdict: 'unknown' } });
  expect(await of('--instance', 'post-cn-other01', '--sn', '1')).toMatchObject({
    code: 1,
    answer: { tried: [{ policy: 'critical', unmet: 'scope.mqttInstanceId' }] },
  });
  expect(await of(...members)).toMatchObject({ code: 1, answer: { code: 'invalid_request' } });
});

test('explain tells an emergency that the policy does not know that it would be refused', async () => {
  const asked = ['explain', '--input', input('post-cn-critical01'), '--requester', 'alice'];
  const { code, answer } = await policy(2, ...asked, '--break-glass');
  expect({ code, mayBreakGlass: answer['mayBreakGlass'] }).toEqual({ code: 1, mayBreakGlass: null });
});
