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
