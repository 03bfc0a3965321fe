import { canonicalJson } from '../domain/canonical-json.ts';
import { mostPolicyBytes } from '../domain/entry.ts';
import { globMatches } from '../domain/glob.ts';
import { personKey } from '../domain/membership.ts';
import type { PersonId } from '../domain/person.ts';
import type { PinnedPolicy } from '../domain/policy.ts';
import { satisfiability } from '../domain/satisfiability.ts';
import type { Satisfiability } from '../domain/satisfiability.ts';
import { windowProblem } from '../calendar/window.ts';
import type { Operations } from '../operations/registry.ts';
import { scopeFault } from '../operations/scope-fault.ts';
import { channelFindings } from './channels.ts';
import { groupsNamedBy, scopeOfMatch } from './compile.ts';
import type { Directory } from './directory.ts';
import type { PolicyDocument, WrittenPolicy } from './document.ts';
import { issuerFindings } from './issuers.ts';
import { covers } from './match.ts';
import type { PolicyRule } from './match.ts';
import type { Finding } from './problem.ts';
import { ticketFindings, ticketMemberFindings } from './ticket-findings.ts';

/** What the schema cannot say: groups that are there, clocks in order, seats that somebody can fill, policies that are reached. */
export function findings(
  document: PolicyDocument,
  rules: readonly PolicyRule[],
  directory: Directory,
  issuer: string | null,
  operations?: Operations,
): Finding[] {
  return [
    ...(issuer === null ? [] : issuerFindings(document, issuer)),
    ...groupFindings(document, directory),
    ...document.policies.flatMap((written, i) =>
      policyFindings(written, rules[i]?.policy, directory, document, issuer).map((finding) => ({
        ...finding,
        path: ['policies', i, ...finding.path],
      })),
    ),
    ...orderFindings(document.policies, rules),
    ...(operations ? [...scopeFindings(rules, operations), ...ticketMemberFindings(rules, operations)] : []),
  ];
}

const error = (path: readonly PropertyKey[], rule: string, message: string): Finding => ({
  severity: 'error',
  path,
  rule,
  message,
});
const warning = (path: readonly PropertyKey[], rule: string, message: string): Finding => ({
  ...error(path, rule, message),
  severity: 'warning',
});

/** A policy whose operation or scope nothing has is for no change; a later one, perhaps a weaker one, is for those that were meant. */
function scopeFindings(rules: readonly PolicyRule[], operations: Operations): Finding[] {
  return rules.flatMap(({ match }, i) => {
    const isOfNone = match.operation?.every((p) => !operations.list.some(({ name }) => globMatches(p, name)));
    const fault = isOfNone
      ? `no gated operation is ${match.operation?.join(' or ')}`
      : scopeFault(operations, match.operation, match.scope ?? {});
    return fault === null ? [] : [warning(['policies', i, 'match'], 'one_of', `matches nothing: ${fault}`)];
  });
}

function groupFindings({ groups }: PolicyDocument, directory: Directory): Finding[] {
  return Object.entries(groups).flatMap(([name, source]) => {
    if (source.source === 'directory' && directory.members(name) === undefined) {
      return [error(['groups', name], 'known_group', `the directory has no group ${name}`)];
    }
    if (source.source !== 'members') return [];
    const distinct = new Set(source.members.map(personKey)).size;
    return distinct === source.members.length
      ? []
      : [error(['groups', name, 'members'], 'distinct', 'lists somebody twice')];
  });
}

function policyFindings(
  written: WrittenPolicy,
  policy: PinnedPolicy | undefined,
  directory: Directory,
  { groups }: PolicyDocument,
  issuer: string | null,
): Finding[] {
  const found: Finding[] = [];
  for (const { name, path } of groupsNamedBy(written)) {
    if (!Object.hasOwn(groups, name)) found.push(error(path, 'known_group', `groups has no ${name}`));
  }
  for (const { field, member } of scopeOfMatch(written.match).twice) {
    found.push(
      error(['match', field], 'distinct', `match.scope has ${member}, too: ${field} is its short form`),
    );
  }
  if (written.standard && written.stages.length > 0) {
    found.push(error(['stages'], 'standard', 'a standard policy asks nobody, so it has no stages'));
  }
  if (!written.standard && written.stages.length === 0) {
    found.push(error(['stages'], 'required', 'expected a stage: without any, nothing could be approved'));
  }
  written.stages.forEach((stage, s) => {
    if (written.stages.findIndex(({ name }) => name === stage.name) !== s) {
      found.push(error(['stages', s, 'name'], 'distinct', `another stage is called ${stage.name}`));
    }
    stage.groups.forEach(({ group, anyApprover }, g) => {
      const path = ['stages', s, 'groups', g];
      if ((group === undefined) === (anyApprover === undefined)) {
        found.push(error(path, 'one_of', 'expected either group or anyApprover'));
      }
      if (stage.groups.findIndex((other) => other.group === group) !== g) {
        found.push(error(path, 'distinct', 'another entry of this stage has this group'));
      }
    });
  });
  for (const [field, windows] of [
    ['windows', written.windows] as const,
    ['time', written.match.time ?? []] as const,
  ]) {
    windows.forEach((window, i) => {
      const problem = windowProblem(window);
      const path = field === 'time' ? ['match', 'time', i] : ['windows', i];
      if (problem !== null) found.push(error(path, 'window', problem));
    });
  }
  found.push(...ticketFindings(written.ticket));
  written.delegations.forEach((delegation, i) => {
    const path = ['delegations', i];
    if (Date.parse(delegation.since) >= Date.parse(delegation.until)) {
      found.push(error([...path, 'until'], 'after', 'must be after since'));
    }
    if (personKey(delegation.from) === personKey(delegation.to)) {
      found.push(error([...path, 'to'], 'distinct', 'nobody delegates to themselves'));
    }
  });
  found.push(...channelFindings(written));
  if (!policy || found.some(({ severity }) => severity === 'error')) return found;
  return [...found, ...clockFindings(policy), ...peopleFindings(policy, directory, issuer)];
}

function clockFindings({ decideWithinMs, remindersMs, escalation, ...policy }: PinnedPolicy): Finding[] {
  const found: Finding[] = [];
  const longest = 366 * 86_400_000;
  if (decideWithinMs > longest) found.push(error(['decideWithin'], 'maximum', 'at most 366d'));
  if (policy.executeWithinMs > longest) found.push(error(['executeWithin'], 'maximum', 'at most 366d'));
  if (remindersMs.some((after) => after >= decideWithinMs)) {
    found.push(error(['reminders'], 'before', 'must be before decideWithin'));
  }
  if (escalation !== null && escalation.afterMs >= decideWithinMs) {
    found.push(error(['escalation', 'after'], 'before', 'must be before decideWithin'));
  }
  const bytes = Buffer.byteLength(canonicalJson({ decideWithinMs, remindersMs, escalation, ...policy }));
  if (bytes > mostPolicyBytes) {
    const message = `at most ${mostPolicyBytes} bytes as JSON, got ${bytes}; move members to the directory`;
    found.push(error([], 'max_bytes', message));
  }
  return found;
}

/** Whether a policy's people can fill its seats, whichever of them is the requester. */
function peopleFindings(policy: PinnedPolicy, directory: Directory, issuer: string | null): Finding[] {
  const of = (requester: PersonId, from: string | null = issuer) =>
    satisfiability(
      {
        policy,
        requester,
        decisions: [],
        round: 1,
        breakGlass: false,
        escalatedAt: null,
        submittedAt: '9999-12-31T00:00:00.000Z',
      },
      (group) => directory.members(group) ?? [],
      // Delegations come and go: the seats must be fillable without them.
      '',
      from,
    );
  const stranger = { issuer: '', subject: '' };
  const listed = of(stranger, null);
  if (listed.verdict === 'unsatisfiable') {
    return [error(['stages'], 'satisfiable', `nobody can fill: ${seatsOf(listed)}`)];
  }
  const nobody = of(stranger);
  if (nobody.verdict === 'unsatisfiable') {
    const message = `nobody with a token of ${issuer ?? ''} can fill: ${seatsOf(nobody)}`;
    return [warning(['stages'], 'satisfiable', message)];
  }
  const found =
    nobody.verdict === 'unknown'
      ? [
          warning(
            ['stages'],
            'listable',
            'whether somebody can fill every seat is not known: not all groups can be listed',
          ),
        ]
      : [];
  const stuck = listedMembers(policy, directory).filter((person) => of(person).verdict === 'unsatisfiable');
  if (stuck.length > 0) {
    const names = stuck.slice(0, 5).map(({ subject }) => subject);
    const message = `what ${names.join(', ')}${stuck.length > 5 ? ' and others' : ''} ask for, nobody could approve`;
    found.push(warning(['stages'], 'satisfiable_without_requester', message));
  }
  return found;
}

function seatsOf({ missing }: Satisfiability): string {
  return missing
    .map(({ stage, group, seats }) => `${seats} of ${group ?? 'any approver'} in ${stage}`)
    .join(', ');
}

function listedMembers(policy: PinnedPolicy, directory: Directory): PersonId[] {
  const people = new Map<string, PersonId>();
  for (const [name, source] of Object.entries(policy.groups)) {
    const members =
      source.source === 'members'
        ? source.members
        : source.source === 'directory'
          ? directory.members(name)
          : [];
    for (const person of members ?? []) people.set(personKey(person), person);
  }
  return [...people.values()];
}

function orderFindings(written: readonly WrittenPolicy[], rules: readonly PolicyRule[]): Finding[] {
  return written.flatMap(({ name, version }, i) => {
    const found: Finding[] = [];
    if (written.findIndex((p) => p.name === name && p.version === version) !== i) {
      found.push(error(['policies', i, 'name'], 'distinct', `another policy is ${name}, version ${version}`));
    }
    const own = rules[i]?.match ?? {};
    const first = rules.findIndex((rule, j) => j < i && covers(rule.match, own));
    if (first !== -1) {
      const message = `no change reaches it: ${written[first]?.name} before it takes them all`;
      found.push(warning(['policies', i, 'match'], 'reachable', message));
    }
    return found;
  });
}
