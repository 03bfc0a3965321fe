import type { ChangeRequest } from '../domain/change.ts';
import { longestMs } from '../domain/duration.ts';
import type { FieldError } from '../domain/error.ts';

/**
 * What is wrong with a request's clocks: past, too far, or in the wrong order.
 *
 * @param now - milliseconds since the epoch
 */
export function clockErrors(
  { decideBy, executeAfter, executeBy }: Pick<ChangeRequest, 'decideBy' | 'executeAfter' | 'executeBy'>,
  now: number,
): FieldError[] {
  const errors: FieldError[] = [];
  const broken = (field: string, rule: string, message: string) => errors.push({ field, rule, message });
  const past = (value: string) => Date.parse(value) <= now;
  if (executeBy !== null && past(executeBy)) broken('executeBy', 'future', 'must be in the future');
  // Equal to it, it is the one that is at fault.
  if (decideBy !== executeBy && past(decideBy)) broken('decideBy', 'future', 'must be in the future');
  for (const [field, value] of Object.entries({ decideBy, executeAfter, executeBy })) {
    if (value !== null && Date.parse(value) > now + longestMs) {
      broken(field, 'maximum', 'at most 366 days from now');
    }
  }
  if (executeBy !== null && decideBy > executeBy) {
    broken('decideBy', 'before', 'must not be after executeBy');
  }
  if (executeAfter !== null && executeBy !== null && executeAfter >= executeBy) {
    broken('executeAfter', 'before', 'must be before executeBy');
  }
  return errors;
}
