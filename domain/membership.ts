import type { Change, Decision } from './change.ts';
import { channelOf } from './channel.ts';
import type { DirectoryMembership, Person, PersonId } from './person.ts';
import { askedFor, samePerson } from './person.ts';
import type { Delegation, PinnedPolicy } from './policy.ts';
import type { SeatRight, Voter } from './seats.ts';

/** Who asked for a change: a person, or a machine that somebody answers for. */
type Requester = PersonId & Pick<Person, 'issuedBy'>;

/** The facts of a change that say whose decision may count. */
export type EligibilityFacts = Pick<Change, 'policy' | 'submittedAt' | 'escalatedAt'> & {
  readonly requester: Requester;
};

/** What members of the escalation group have once it is asked: a right to each seat. No group can be named so. */
export const escalatedRight = '\n';

/** Who makes a decision and when, with what the directory says of their groups at that time. */
export type DecisionAuthor = Pick<Decision, 'person' | 'at'> & Partial<Pick<Decision, 'directory'>>;

/** A person as a string that no two people share. */
export function personKey({ issuer, subject }: PersonId): string {
  return `${issuer}\n${subject}`;
}

/** The policy's groups that somebody is in: by their token, by the policy's own list, or by the directory. */
export function groupsUnder(
  policy: PinnedPolicy,
  id: PersonId,
  token: readonly string[],
  directory: readonly string[],
): readonly string[] {
  const index = indexOf(policy);
  const { listed, token: asked, directory: looked, known, seen } = index;
  const own = listed.size === 0 ? undefined : listed.get(personKey(id));
  if (own === undefined && directory.length === 0) {
    const before = seen.get(token);
    if (before) return before;
    // In a crowd many are in the same groups: they share one list, which is what makes them cheap to seat. Who is as the
    // one before is known by comparing; writing a long list down to look it up costs several times that.
    const { last } = index;
    let named = last && isSame(last.token, token) ? last.named : undefined;
    if (named === undefined) {
      const said = JSON.stringify(token);
      named = known.get(said) ?? token.filter((name) => asked.has(name));
      if (known.size >= mostKnown) known.clear();
      known.set(said, named);
      index.last = { token, named };
    }
    seen.set(token, named);
    return named;
  }
  return [
    ...(own ?? []),
    ...token.filter((name) => asked.has(name)),
    ...directory.filter((name) => looked.has(name)),
  ];
}

function withEscalation(change: EligibilityFacts, groups: readonly string[]): readonly string[] {
  const { escalation } = change.policy;
  const asked = change.escalatedAt !== null && escalation !== null && groups.includes(escalation.group);
  return asked ? [...groups, escalatedRight] : groups;
}

/** Whether somebody is in a group of a policy. @param directory - the groups of the directory that list them */
export function isMember(
  policy: PinnedPolicy,
  group: string,
  person: Person,
  directory: readonly string[],
): boolean {
  return groupsUnder(policy, person, person.groups, directory).includes(group);
}

interface GroupIndex {
  /** Each person whom the policy lists, with their groups. */
  readonly listed: ReadonlyMap<string, readonly string[]>;
  readonly token: ReadonlySet<string>;
  readonly directory: ReadonlySet<string>;
  /** What tokens said, and which of that the policy asks for. */
  readonly known: Map<string, readonly string[]>;
  readonly seen: WeakMap<readonly string[], readonly string[]>;
  /** Of the one before. */
  last: { readonly token: readonly string[]; readonly named: readonly string[] } | null;
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, i) => name === b[i]);
}

const mostKnown = 1000;

const indexes = new WeakMap<PinnedPolicy['groups'], GroupIndex>();

/** A policy's groups, by where their members are known from; made once for a policy. */
function indexOf({ groups }: PinnedPolicy): GroupIndex {
  const known = indexes.get(groups);
  if (known) return known;
  const listed = new Map<string, string[]>();
  for (const [name, source] of Object.entries(groups)) {
    if (source.source !== 'members') continue;
    for (const member of source.members) {
      const key = personKey(member);
      const names = listed.get(key);
      if (names) names.push(name);
      else listed.set(key, [name]);
    }
  }
  const from = (kind: string) => new Set(Object.keys(groups).filter((name) => groups[name]?.source === kind));
  const index: GroupIndex = {
    listed,
    token: from('token'),
    directory: from('directory'),
    known: new Map(),
    seen: new WeakMap(),
    last: null,
  };
  indexes.set(groups, index);
  return index;
}

/** Whether somebody was acting for the requester at any moment between submission and decision. */
export function actsForRequester(change: EligibilityFacts, { person, at }: DecisionAuthor): boolean {
  return change.policy.delegations.some(
    (d) =>
      askedFor(change.requester, d.from) &&
      samePerson(d.to, person) &&
      d.since <= at &&
      d.until > change.submittedAt,
  );
}

/**
 * Those in whose place somebody may decide at a moment: never the requester, nor whoever acts for them. By a channel nobody
 * decides in another's place.
 */
export function represented(change: EligibilityFacts, { person, at }: DecisionAuthor): PersonId[] {
  const { delegations } = change.policy;
  if (delegations.length === 0 || channelOf(person) !== null) return [];
  const active = (d: Delegation) => samePerson(d.to, person) && d.since <= at && at < d.until;
  return delegations
    .filter(active)
    .map(({ from }) => from)
    .filter((from) => !askedFor(change.requester, from) && !samePerson(from, person))
    .filter((from) => !actsForRequester(change, { person: { ...person, ...from }, at }));
}

/** A decision's author as a voter: with their own right, and those of the people whom they represent and who have not decided in person. */
export function voterOf(
  change: EligibilityFacts,
  author: DecisionAuthor,
  inPerson: ReadonlySet<string>,
): Voter {
  const { policy } = change;
  const { person, directory = [] } = author;
  const fromDirectory = (id: PersonId) => directory.find((m) => samePerson(m, id))?.groups ?? [];
  const own: SeatRight = {
    of: personKey(person),
    groups: withEscalation(change, groupsUnder(policy, person, person.groups, fromDirectory(person))),
  };
  const rights = [own];
  for (const from of represented(change, author)) {
    const of = personKey(from);
    // Their token is not here: only what can be listed is known of them.
    if (inPerson.has(of) || rights.some((right) => right.of === of)) continue;
    rights.push({ of, groups: withEscalation(change, groupsUnder(policy, from, [], fromDirectory(from))) });
  }
  return { rights };
}

/** Those of the directory's groups that a policy takes from it. */
export function askedOfDirectory(
  { groups }: Pick<PinnedPolicy, 'groups'>,
  names: readonly string[],
): readonly string[] {
  return names.filter((name) => Object.hasOwn(groups, name) && groups[name]?.source === 'directory');
}

/**
 * What a decision has to carry of the directory, so that the worker and whoever verifies the log judge it alike: the
 * memberships of the person and of those whom they represent.
 *
 * @param groupsIn - the groups of the directory that list a person
 * @param at - ISO 8601
 */
export function directoryOf(
  change: EligibilityFacts,
  person: Person,
  at: string,
  groupsIn: (person: PersonId) => readonly string[],
): DirectoryMembership[] {
  const { policy } = change;
  if (!Object.values(policy.groups).some(({ source }) => source === 'directory')) return [];
  return [person, ...represented(change, { person, at })].map((id) => ({
    issuer: id.issuer,
    subject: id.subject,
    groups: askedOfDirectory(policy, groupsIn(id)),
  }));
}
