import type { ListedChange } from './answers.ts';
import type { Words } from './words/en.ts';

/** The seats that are still free, in words; empty where none is. */
export function seatsText(words: Pick<Words, 'seats'>, missing: ListedChange['missing']): string {
  return missing
    .map(({ stage, group, seats, alsoFrom }) => {
      const of = group === null ? words.seats.anyApprover : words.seats.group(group);
      const also = alsoFrom.map((other) =>
        other === null ? words.seats.anyApprover : words.seats.group(other),
      );
      return words.seats.free(seats, of, stage, also);
    })
    .join(words.seats.between);
}
