import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Verdict } from '../../audit/verify/verdict.ts';
import { verifyFiles } from '../../cli/verify-files.ts';
import { verifierBundle } from '../../cli/verifier-bundle.ts';
import type { PinnedPolicy } from '../../domain/policy.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import { createSignatureVerifier } from '../../identity/statement-signer.ts';
import { pinned } from '../../policies/compile.ts';
import { policyDocument } from '../../policies/document.ts';
import { readYaml } from '../../policies/yaml-file.ts';
import { PROJECT_HOME } from '../support/stack.ts';
import { changeStory } from './change-story.ts';
import { signed } from './memory-log.ts';
import { found, freshPath } from './pack-file.ts';
import { keys, packOf } from './pack-testbed.ts';

/* An auditor names the policies that were in force, from their own copies of the files. */

const yaml = (version: string) => `policies:
  - name: plant
    version: "${version}"
    stages: [{ name: approval, groups: [{ anyApprover: true, threshold: 1 }] }]
`;
let folder: string;
let one: string;
let two: string;
let trusted: string;
let ofPlant: string;
let ofFourEyes: string;
let plant: PinnedPolicy;

/** A pack of a change that is open, under a policy. */
async function under(policy: PinnedPolicy, forged = false): Promise<string> {
  const s = changeStory(forged ? { forged: policy } : { policy });
  const entries = [s.requested(), s.prechecked(), s.approved(), s.scheduled()];
  return packOf(entries.map((body) => signed(body, keys)));
}

beforeAll(async () => {
  trusted = await freshPath('trusted-keys.txt');
  await writeFile(trusted, keys.trusted);
  folder = await freshPath('policies');
  await mkdir(folder);
  one = join(folder, '1.yaml');
  two = join(folder, '2.yml');
  await writeFile(one, yaml('1'));
  await writeFile(two, yaml('2'));
  const { value } = await readYaml(two, policyDocument);
  const [written] = value?.policies ?? [];
  if (!written) throw new Error('the policy is not read');
  plant = pinned(written, {});
  ofPlant = await under(plant);
  ofFourEyes = await under(fourEyes);
});

async function verify(pack: string, policies: string[]) {
  const said: string[] = [];
  const args = {
    pack,
    keys: [trusted],
    since: undefined,
    maxAge: undefined,
    at: undefined,
    policies,
    json: true,
  };
  const exit = await verifyFiles(
    args,
    (line) => void said.push(line),
    () => undefined,
    (pems) => {
      const check = createSignatureVerifier(pems);
      return (claims) => claims.map(check);
    },
  );
  return { exit, verdict: JSON.parse(said.join('')) as Verdict };
}

describe('under the policies that were in force', () => {
  test.each<[string, () => string, () => string[]]>([
    ['the file of its version', () => ofPlant, () => [two]],
    ['all files of a folder', () => ofPlant, () => [folder]],
    ['several files', () => ofPlant, () => [one, two]],
    ['the built-in policy', () => ofFourEyes, () => ['four-eyes', folder]],
  ])('%s', async (_name, pack, policies) => {
    const { exit, verdict } = await verify(pack(), policies());
    expect(found(verdict)).toEqual([]);
    expect(exit).toBe(0);
    expect(verdict.checked.policies).toBeGreaterThan(0);
    expect(verdict.notProven.join(' ')).not.toContain('--policies');
  });

  test.each<[string, () => string, () => string[]]>([
    ['the file of another version', () => ofPlant, () => [one]],
    ['the built-in policy alone', () => ofPlant, () => ['four-eyes']],
    ['files, and the change is under the built-in policy', () => ofFourEyes, () => [folder]],
  ])('a change under none of them is told of: %s', async (_name, pack, policies) => {
    const { exit, verdict } = await verify(pack(), policies());
    expect(found(verdict)).toEqual(['illogical:policy_not_in_force@1']);
    expect(exit).toBe(1);
  });

  test('rules of one’s own under the digest of a policy in force are told of all the same', async () => {
    const forged = { ...plant, stages: [{ name: 'approval', groups: [] }] };
    const { verdict } = await verify(await under(forged, true), [two]);
    expect(found(verdict)).toContain('illogical:policy_differs@0');
  });

  test('a policy under an invented digest is told of', async () => {
    const { verdict } = await verify(await under({ ...plant, digest: 'e'.repeat(64) }, true), []);
    expect(found(verdict)).toEqual(['illogical:policy_differs@0']);
  });

  test('without any, the verdict says that it was not looked at', async () => {
    const { exit, verdict } = await verify(ofPlant, []);
    expect(exit).toBe(0);
    expect(verdict.checked.policies).toBeNull();
    expect(verdict.notProven.join(' ')).toContain('--policies');
  });

  test.each<[string, () => string | Promise<string>]>([
    ['that is not there', () => join(folder, 'none.yaml')],
    ['that is no policy file', () => trusted],
    [
      'without policies',
      async () => {
        const empty = await freshPath('empty');
        await mkdir(empty);
        return empty;
      },
    ],
  ])('a file or folder %s is wrong use', async (_name, path) => {
    expect((await verify(ofPlant, [await path()])).exit).toBe(3);
  });
});

test('verify.mjs takes them, too', async () => {
  const file = await freshPath('verify.mjs');
  await writeFile(file, (await verifierBundle(PROJECT_HOME)).code);
  const run = (policies: string) =>
    promisify(execFile)(process.execPath, [file, ofPlant, '--key', trusted, '--policies', policies]);
  expect((await run(folder)).stdout).toMatch(/^VALID[^]*under one of 2 policies that you gave/);
  await expect(run(one)).rejects.toMatchObject({
    code: 1,
    stdout: expect.stringContaining('policy_not_in_force') as string,
  });
}, 60_000);
