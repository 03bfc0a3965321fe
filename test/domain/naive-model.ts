import type { PersonId } from '../../domain/person.ts';
import { samePerson } from '../../domain/person.ts';
import type { DecisionFacts } from '../../domain/decision.ts';
import type { Decision } from '../../domain/change.ts';
import type { Stage } from '../../domain/policy.ts';

/**
 * The rules once more, slowly and without any of the code that they are compared with: every way to seat people is tried
 * until one fills every seat. For a few people only.
 */
export function naivelyApproved(change: DecisionFacts): boolean {
  const { stages } = change.policy;
  if (stages.length === 0 || stages.some(({ groups }) => groups.length === 0)) return false;
  return canFill(change, stages.flatMap(seatsOf), 'approve');
}

/** Whether rejects end a change: any; so many of people with a right to some seat; more than half of the stage that is open. */
export function naivelyRejected(change: DecisionFacts): boolean {
  const { reject, stages } = change.policy;
  const anywhere = stages.flatMap(({ groups }) => groups.map(({ group }) => group));
  const places = (count: number) => Array.from({ length: count }, () => anywhere);
  if (reject.kind === 'any') return countedBy(change).some((d) => d.decision === 'reject');
  if (reject.kind === 'count') return canFill(change, places(reject.count), 'reject');
  const open = stages.find((_, i) => !canFill(change, stages.slice(0, i + 1).flatMap(seatsOf), 'approve'));
  if (!open) return false;
  const more = Math.floor(seatsOf(open).length / 2) + 1;
  const there = {
    ...change,
    decisions: change.decisions.filter((d) => d.decision !== 'reject' || d.stage === open.name),
  };
  return canFill(there, places(more), 'reject');
}

function seatsOf({ groups }: Stage): (string | null)[][] {
  return groups.flatMap(({ group, threshold }) =>
    Array.from({ length: Math.max(1, threshold) }, () => [group]),
  );
}

/** Whether distinct people who said so can take all the places, each under a right of their own; a place names who may. */
function canFill(
  change: DecisionFacts,
  places: readonly (readonly (string | null)[])[],
  said: Decision['decision'],
): boolean {
  const deciders = countedBy(change).filter((d) => d.decision === said);
  const taken = (place: number, people: readonly string[], rights: readonly string[]): boolean =>
    place === places.length ||
    deciders.some((d) => {
      if (people.includes(id(d.person))) return false;
      return [d.person, ...standsFor(change, d)].some((whose) => {
        const may = (places[place] ?? []).some((group) => mayTake(change, d, whose, group));
        if (rights.includes(id(whose)) || !may) return false;
        return taken(place + 1, [...people, id(d.person)], [...rights, id(whose)]);
      });
    });
  return taken(0, [], []);
}

/** Decisions that count: this round's, one for each person, of approvers apart from the requester's side. */
export function countedBy(change: DecisionFacts): Decision[] {
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

function standsFor(change: DecisionFacts, { person }: Decision): PersonId[] {
  const here = change.decisions.filter((d) => d.counts && d.round === change.round).map((d) => id(d.person));
  const side = change.policy.delegations
    .filter((d) => samePerson(d.from, change.requester))
    .map((d) => id(d.to));
  return change.policy.delegations
    .filter((d) => samePerson(d.to, person))
    .map((d) => d.from)
    .filter((from) => ![id(change.requester), id(person), ...side, ...here].includes(id(from)));
}

function mayTake(change: DecisionFacts, d: Decision, whose: PersonId, group: string | null): boolean {
  if (group === null) return true;
  const { escalation } = change.policy;
  const asked =
    change.escalatedAt !== null && escalation !== null && isIn(change, d, whose, escalation.group);
  return asked || isIn(change, d, whose, group);
}

function isIn({ policy }: DecisionFacts, d: Decision, whose: PersonId, group: string): boolean {
  const source = policy.groups[group];
  if (source?.source === 'members') return source.members.some((m) => samePerson(m, whose));
  if (source?.source === 'directory') {
    return d.directory?.some((m) => samePerson(m, whose) && m.groups.includes(group)) ?? false;
  }
  return source?.source === 'token' && samePerson(whose, d.person) && d.person.groups.includes(group);
}

function id({ issuer, subject }: PersonId): string {
  return JSON.stringify([issuer, subject]);
}
