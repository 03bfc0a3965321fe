import type { EntryBody } from '../../domain/entry.ts';
import { collectActedRoles } from './acted-roles.ts';
import type { ActedRoles } from './acted-roles.ts';
import { followBreakGlass } from './break-glass.ts';
import { followCalendar } from './calendar-changes.ts';
import { exceptionKinds } from './exception.ts';
import type { Exception, ExceptionKind } from './exception.ts';
import { exceptionOfEntry } from './exceptions-of-entry.ts';
import { followFreezes } from './near-freeze.ts';
import { followRequestIds } from './repeated-request-ids.ts';

/** What is to be looked at first. */
export interface Exceptions {
  /** How many there are of each kind that there is, in the order of {@link exceptionKinds}. */
  readonly counts: Readonly<Partial<Record<ExceptionKind, number>>>;
  /** By kind, and within it by the place in the log. */
  readonly listed: readonly Exception[];
}

/**
 * Finds what breaks no rule and should be looked at first, from entries in the log's order. What it keeps grows with open
 * changes, break-glass changes and people, and by 24 bytes with each answer to a call of an operation that is none of the bundled ones.
 *
 * @param most - how many of a kind are listed; all are counted
 */
export function collectExceptions(most: number) {
  const found = new Map<ExceptionKind, { count: number; readonly listed: Exception[] }>();
  const people = collectActedRoles();
  const broken = followBreakGlass();
  const freezes = followFreezes();
  const calendar = followCalendar();
  const requestIds = followRequestIds();

  function put(exception: Exception): void {
    const of = found.get(exception.kind) ?? { count: 0, listed: [] };
    of.count += 1;
    if (of.listed.length < most) of.listed.push(exception);
    found.set(exception.kind, of);
  }

  return {
    /** @param isReported - false for what only tells how later entries are to be understood */
    add(index: number, body: EntryBody, isReported = true): void {
      broken.add(index, body, isReported);
      const told = [freezes, calendar, requestIds].flatMap((one) => one.add(index, body));
      if (!isReported) return;
      people.add(body);
      told.forEach(put);
      const exception = exceptionOfEntry(index, body);
      if (exception !== null) put(exception);
    },
    /** One that does not follow from entries. */
    put,
    /** After the last entry. */
    end(): Exceptions {
      const all = new Map(found);
      const more = [...broken.end(), ...people.inSeveral().map(exceptionOfRoles)];
      for (const exception of more) {
        const of = all.get(exception.kind) ?? { count: 0, listed: [] };
        const listed = of.listed.length < most ? [...of.listed, exception] : of.listed;
        all.set(exception.kind, { count: of.count + 1, listed });
      }
      const kinds = exceptionKinds.filter((kind) => all.has(kind));
      return {
        counts: Object.fromEntries(kinds.map((kind) => [kind, all.get(kind)?.count ?? 0])),
        listed: kinds.flatMap((kind) => all.get(kind)?.listed ?? []),
      };
    },
  };
}

/** Somebody who acted in several roles. */
function exceptionOfRoles({ name, subject, issuer, roles }: ActedRoles): Exception {
  const acted = Object.entries(roles).map(([role, times]) => `${role} ${times}×`);
  const message = `${name} (${subject} of ${issuer}) acted as ${acted.join(', ')}`;
  return { kind: 'two_roles', time: null, changeId: null, index: null, message };
}
