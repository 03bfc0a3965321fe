import type { PersonId } from '../../domain/person.ts';
import { samePerson } from '../../domain/person.ts';
import type { Decidable } from '../../domain/decision.ts';
import type { Decision } from '../../domain/change.ts';

/**
 * The rules once more, slowly and without any of the code that they are compared with: every way to seat people is tried
 * until one fills every seat. For a few people only.
 */
export function naivelyApproved(change: Decidable): boolean {
  const { policy } = change;
  const seats = policy.stages.flatMap(({ groups }) =>
    groups.flatMap(({ group, threshold }) => Array.from({ length: Math.max(1, threshold) }, () => group)),
  );
  if (policy.stages.length === 0 || policy.stages.some(({ groups }) => groups.length === 0)) return false;
  const approvals = countedBy(change).filter((d) => d.decision === 'approve');
  const taken = (seat: number, people: readonly string[], rights: readonly string[]): boolean =>
    seat === seats.length ||
    approvals.some((d) => {
      if (people.includes(id(d.person))) return false;
      return [d.person, ...standsFor(change, d)].some((whose) => {
        if (rights.includes(id(whose)) || !mayTake(change, d, whose, seats[seat] ?? null)) return false;
        return taken(seat + 1, [...people, id(d.person)], [...rights, id(whose)]);
      });
    });
  return taken(0, [], []);
}

/** Decisions that count: this round's, one for each person, of approvers apart from the requester's side. */
export function countedBy(change: Decidable): Decision[] {
  const side = [
    change.requester,
    ...change.policy.delegations.filter((d) => samePerson(d.from, change.requester)).map((d) => d.to),
  ];
  return change.decisions.filter(
    (d, i) =>
      d.counts &&
      d.round === change.round &&
      d.person.roles.includes('approver') &&
      !side.some((p) => samePerson(p, d.person)) &&
      change.decisions.findIndex((e) => e.counts && e.round === d.round && samePerson(e.person, d.person)) ===
        i,
  );
}

function standsFor(change: Decidable, { person }: Decision): PersonId[] {
  const here = change.decisions.filter((d) => d.counts && d.round === change.round).map((d) => id(d.person));
  const side = change.policy.delegations
    .filter((d) => samePerson(d.from, change.requester))
    .map((d) => id(d.to));
  return change.policy.delegations
    .filter((d) => samePerson(d.to, person))
    .map((d) => d.from)
    .filter((from) => ![id(change.requester), id(person), ...side, ...here].includes(id(from)));
}

function mayTake({ policy }: Decidable, d: Decision, whose: PersonId, group: string | null): boolean {
  if (group === null) return true;
  const source = policy.groups[group];
  if (source?.source === 'members') return source.members.some((m) => samePerson(m, whose));
  return source?.source === 'token' && samePerson(whose, d.person) && d.person.groups.includes(group);
}

function id({ issuer, subject }: PersonId): string {
  return JSON.stringify([issuer, subject]);
}
