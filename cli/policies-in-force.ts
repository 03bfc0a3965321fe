import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fourEyes } from '../domain/four-eyes.ts';
import { pinned } from '../policies/compile.ts';
import { policyDocument } from '../policies/document.ts';
import { problemLine } from '../policies/problem.ts';
import { readYaml } from '../policies/yaml-file.ts';

/**
 * The digests of the policies that were in force, from an auditor's own copies: policy files, one for each version that
 * there was, folders of them (`.yaml`, `.yml`, `.json`), or `four-eyes`, which needs no file.
 *
 * @throws Error naming the file and what is wrong with it
 */
export async function policiesInForce(paths: readonly string[]): Promise<ReadonlySet<string>> {
  const digests = new Set<string>();
  for (const path of paths) {
    if (path === fourEyes.name && !(await isThere(path))) digests.add(fourEyes.digest);
    else
      for (const file of await filesAt(path)) for (const digest of await digestsIn(file)) digests.add(digest);
  }
  return digests;
}

async function filesAt(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const names = (await readdir(path)).filter((name) => /\.(ya?ml|json)$/.test(name)).sort();
  if (names.length === 0) throw new Error(`${path} has no policy file (.yaml, .yml or .json)`);
  return names.map((name) => join(path, name));
}

async function digestsIn(file: string): Promise<string[]> {
  const { value, problems } = await readYaml(file, policyDocument);
  if (value === null) throw new Error(problems.map(problemLine).join('\n'));
  return value.policies.map((policy) => pinned(policy, value.groups).digest);
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
