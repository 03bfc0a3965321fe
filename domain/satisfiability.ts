import type { MissingSeats } from './change.ts';
import type { DirectoryMembership, Person, PersonId } from './person.ts';
import { actsForRequester, personKey, voterOf } from './membership.ts';
import { askedFor } from './person.ts';
import { missingOf, needsNobody, seatsOf } from './progress.ts';
import type { ApprovalFacts } from './progress.ts';
import { allocateSeats } from './seats.ts';
import type { Voter } from './seats.ts';

/** Whether a change can be approved by the people whom its policy knows of. */
export interface Satisfiability {
  /** `unknown` when it depends on people whom nobody lists: members by token, and any approver. */
  readonly verdict: 'satisfiable' | 'unsatisfiable' | 'unknown';
  /** The seats that nobody can fill. */
  readonly missing: readonly MissingSeats[];
}

/**
 * Whether distinct people can fill every seat, the requester and whoever acts for them left out. People who are listed
 * are taken to have the role approver; of groups that cannot be listed, enough people are taken to be there, and the
 * answer is `unknown`.
 *
 * @param directoryMembers - the members of a group of the directory
 * @param at - ISO 8601: which delegations hold
 * @param issuer - whose tokens are accepted: nobody of another one can come; null where that is not known
 */
export function satisfiability(
  change: ApprovalFacts,
  directoryMembers: (group: string) => readonly PersonId[],
  at: string,
  issuer: string | null = null,
): Satisfiability {
  if (needsNobody(change)) return { verdict: 'satisfiable', missing: [] };
  const stages = seatsOf(change);
  const people = listed(change, directoryMembers);
  const delegating = change.policy.delegations.length > 0;
  const known = people
    .filter((member) => issuer === null || member.issuer === issuer)
    .map((member) => candidate(member, at, delegating ? people : [member]))
    .filter((c) => !askedFor(change.requester, c.person) && !actsForRequester(change, c))
    .map((c) => voterOf(change, c, new Set()));
  if (stages.length > 0 && allocateSeats(stages, known).open === stages.length) {
    return { verdict: 'satisfiable', missing: [] };
  }
  const allocation = allocateSeats(stages, [...known, ...strangers(change, stages)]);
  if (stages.length > 0 && allocation.open === stages.length) return { verdict: 'unknown', missing: [] };
  return { verdict: 'unsatisfiable', missing: missingOf(change, stages, allocation) };
}

/** Everybody whom the policy or the directory lists, and those to whom they have delegated. */
function listed(
  { policy }: ApprovalFacts,
  directoryMembers: (group: string) => readonly PersonId[],
): DirectoryMembership[] {
  const people = new Map<string, { person: PersonId; groups: string[] }>();
  const add = (person: PersonId, group: string | null) => {
    const there = people.get(personKey(person)) ?? { person, groups: [] };
    if (group !== null) there.groups.push(group);
    people.set(personKey(person), there);
  };
  for (const [name, source] of Object.entries(policy.groups)) {
    if (source.source === 'members') for (const member of source.members) add(member, null);
    if (source.source === 'directory') for (const member of directoryMembers(name)) add(member, name);
  }
  for (const { to } of policy.delegations) add(to, null);
  return [...people.values()].map(({ person: { issuer, subject }, groups }) => ({ issuer, subject, groups }));
}

function candidate({ issuer, subject }: PersonId, at: string, directory: readonly DirectoryMembership[]) {
  const person: Person = {
    issuer,
    subject,
    name: subject,
    roles: ['approver'],
    groups: [],
    authentication: { methods: [], at: null },
  };
  return { person, at, directory };
}

/** As many people as could be needed, of each group that cannot be listed. */
function strangers({ policy }: ApprovalFacts, stages: ReturnType<typeof seatsOf>): Voter[] {
  return stages.flat().flatMap(({ stage, group, accepts, threshold }) => {
    const unlisted = accepts.find(
      (g) => g === null || (Object.hasOwn(policy.groups, g) && policy.groups[g]?.source === 'token'),
    );
    if (unlisted === undefined) return [];
    return Array.from({ length: threshold }, (_, i) => ({
      rights: [{ of: `\n${stage}\n${group}\n${i}`, groups: unlisted === null ? [] : [unlisted] }],
    }));
  });
}
