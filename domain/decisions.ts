import type { Decision } from './change.ts';
import type { PersonId } from './person.ts';
import { samePerson } from './person.ts';

/**
 * A decision that no longer counts: who made it is kept, and what they said is in the log alone. So a change does not grow
 * with what people take back.
 */
export function superseded(decision: Decision): Decision {
  if (!decision.counts) return decision;
  const { directory: _, ...kept } = decision;
  return { ...kept, comment: '', counts: false };
}

/** The decisions with one more. Everybody has one place among them: it takes the place of an earlier one of its author. */
export function withOneMore(decisions: readonly Decision[], made: Decision): readonly Decision[] {
  const isTheirs = ({ person }: Decision) => samePerson(person, made.person);
  const takenBack = decisions.find(isTheirs)?.takenBack;
  return [...decisions.filter((d) => !isTheirs(d)), takenBack === undefined ? made : { ...made, takenBack }];
}

/** The decisions once somebody has taken theirs of a round back. */
export function withOneTakenBack(
  decisions: readonly Decision[],
  person: PersonId,
  round: number,
): readonly Decision[] {
  return decisions.map((d) =>
    d.counts && d.round === round && samePerson(d.person, person)
      ? { ...superseded(d), takenBack: (d.takenBack ?? 0) + 1 }
      : d,
  );
}

/** The decisions that are others than before; `complete` when they are all there are. */
export interface ChangedDecisions {
  readonly decisions: readonly Decision[];
  readonly complete: boolean;
}

/**
 * What has to be told of the decisions to whoever knows those of before: it grows with what has changed and not with
 * what there is.
 *
 * @param before - null: nothing is known for certain
 */
export function changedDecisions(
  before: readonly Decision[] | null,
  after: readonly Decision[],
): ChangedDecisions {
  const known = new Set(before);
  const people = new Set(after.map(({ person }) => keyOf(person)));
  const complete = !before?.length || before.some(({ person }) => !people.has(keyOf(person)));
  return { decisions: complete ? after : after.filter((d) => !known.has(d)), complete };
}

/** The decisions of before with those that have changed, in the order in which they were made. */
export function mergedDecisions(
  before: readonly Decision[],
  { decisions, complete }: ChangedDecisions,
): readonly Decision[] {
  if (complete) return decisions;
  const changed = new Map(decisions.map((d) => [keyOf(d.person), d]));
  const kept: Decision[] = [];
  for (const d of before) {
    const now = changed.get(keyOf(d.person));
    if (now && now.at !== d.at) continue;
    kept.push(now ?? d);
    // What is left of them are decisions that were made since.
    changed.delete(keyOf(d.person));
  }
  return [...kept, ...changed.values()];
}

function keyOf({ issuer, subject }: PersonId): string {
  return JSON.stringify([issuer, subject]);
}
