import { canonicalJson } from '../../domain/canonical-json.ts';
import type { EntryBody } from '../../domain/entry.ts';
import type { Freeze } from '../../domain/freeze.ts';
import { freezeIn } from '../verify/log-facts.ts';
import type { Exception } from './exception.ts';

/**
 * Freezes of the calendar file that hold less than they did, though they had not ended: whoever edits the file may do so, and nobody
 * signs it. A list that no entry can hold hides it.
 */
export function followCalendar() {
  /** Of the newest list. */
  let before: readonly Freeze[] = [];
  return {
    /** The exceptions that an entry completes. */
    add(index: number, { type, time, freezes }: EntryBody): Exception[] {
      if (type !== 'calendar.loaded') return [];
      const exception = (message: string): Exception => {
        return { kind: 'calendar_changed', time, changeId: null, index, message };
      };
      const told: unknown = freezes;
      if (!Array.isArray(told))
        return [exception('what freezes the calendar file has, no entry tells: the list was too long')];
      const now = new Map(told.flatMap(freezesIn).map((freeze) => [freeze.id, freeze]));
      const less = before.filter((freeze) => holdsLess(freeze, now.get(freeze.id), time));
      before = [...now.values()];
      return less.map(({ id, reason }) =>
        exception(
          `freeze ${id} (${reason}) had not ended, and the calendar file ${now.has(id) ? 'has less of it' : 'lacks it now'}`,
        ),
      );
    },
  };
}

/** What is none is the verifier's to tell. */
function freezesIn(value: unknown): Freeze[] {
  try {
    return [freezeIn(value, null)];
  } catch {
    return [];
  }
}

/**
 * Whether a freeze that had not ended at a moment is gone, holds something else, begins later or ends sooner.
 *
 * @param time - ISO 8601
 */
export function holdsLess(before: Freeze, now: Freeze | undefined, time: string): boolean {
  const end = ({ endsAt }: Freeze) => (endsAt === null ? Infinity : Date.parse(endsAt));
  if (end(before) <= Date.parse(time)) return false;
  if (now === undefined) return true;
  const what = ({ operation, scope }: Freeze) => canonicalJson({ operation, scope });
  const begins = (freeze: Freeze) => Math.max(Date.parse(freeze.startsAt), Date.parse(time));
  return what(before) !== what(now) || begins(now) > begins(before) || end(now) < end(before);
}
