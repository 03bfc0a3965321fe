import type { PinnedPolicy } from '../domain/policy.ts';
import type { Operations } from '../operations/registry.ts';
import { findings } from './check.ts';
import { compiledMatch, pinned } from './compile.ts';
import { readDirectory } from './directory.ts';
import type { Directory } from './directory.ts';
import { policyDocument } from './document.ts';
import type { PolicyRule } from './match.ts';
import { invalidFile } from './problem.ts';
import type { Problem } from './problem.ts';
import { readYaml } from './yaml-file.ts';

/** The policies and the directory in force. */
export interface PolicySet {
  /** In their order: the first that is for a change is its policy. */
  readonly rules: readonly PolicyRule[];
  readonly directory: Directory;
  /** Whose tokens are accepted; null where that is not known. */
  readonly issuer?: string | null;
  /** Of the policy file's bytes, hex; absent without a file. */
  readonly sha256?: string | null;
}

/** Where the policies are; replaced as a whole on reload. */
export interface PolicySource {
  current(): PolicySet;
}

/** The files of a set of policies. */
export interface PolicyFiles {
  readonly policyFile: string;
  /** Null where groups come from tokens and policies alone. */
  readonly directoryFile: string | null;
  /** Whose tokens are accepted (`OIDC_ISSUER`): people of another issuer are reported. Null: not known here. */
  readonly issuer?: string | null;
  /** The gated operations: policies that can match none of their targets are told of. Undefined: not known here. */
  readonly operations?: Operations;
}

/** Reads and checks the files. The set is there when nothing in them is an error. */
export async function checkPolicies({
  policyFile,
  directoryFile,
  issuer = null,
  operations,
}: PolicyFiles): Promise<{ set: PolicySet | null; problems: readonly Problem[] }> {
  const [file, { directory, problems, findings: ofDirectory }] = await Promise.all([
    readYaml(policyFile, policyDocument),
    readDirectory(directoryFile, issuer),
  ]);
  if (file.value === null || problems.length > 0)
    return { set: null, problems: [...problems, ...file.problems] };
  const document = file.value;
  const rules = document.policies.map((written) => ({
    policy: pinned(written, document.groups),
    match: compiledMatch(written.match),
  }));
  const found = findings(document, rules, directory, issuer, operations).map(
    ({ severity, path, rule, message }): Problem => ({
      severity,
      file: policyFile,
      line: file.lineOf(path),
      field: path.join('.'),
      rule,
      message,
    }),
  );
  const bad = found.some(({ severity }) => severity === 'error');
  return {
    set: bad ? null : { rules, directory, issuer, sha256: file.sha256 },
    problems: [...found, ...ofDirectory],
  };
}

/** A source that may read its files again. */
export interface ReloadablePolicies extends PolicySource {
  /** Reads the files again. When they are wrong, the earlier policies stay in force. @throws CountersignError `invalid_configuration` */
  reload(): Promise<readonly Problem[]>;
  /** The findings about the files when they were last loaded. */
  warnings(): readonly Problem[];
}

/** Policies from files. @throws CountersignError `invalid_configuration` naming file, line, field and rule of each error */
export async function loadPolicies(files: PolicyFiles): Promise<ReloadablePolicies> {
  async function load(): Promise<{ set: PolicySet; problems: readonly Problem[] }> {
    const { set, problems } = await checkPolicies(files);
    if (set === null) throw invalidFile(problems);
    return { set, problems };
  }
  let held = await load();
  return {
    current: () => held.set,
    warnings: () => held.problems,
    async reload() {
      held = await load();
      return held.problems;
    },
  };
}

/** One policy for every change, without any file. */
export function onePolicy(policy: PinnedPolicy): PolicySource {
  const directory = { members: () => undefined, groupsIn: () => [] };
  const set = { rules: [{ policy, match: {} }], directory };
  return { current: () => set };
}
