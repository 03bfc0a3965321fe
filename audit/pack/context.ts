import { mayBeContext, rotationTypes } from '../../domain/context-entry.ts';
import type { EntryBody } from '../../domain/entry.ts';
import { namesWriter } from '../../domain/entry-writer.ts';
import { calendarRolloverMs, concerns } from '../../domain/freeze.ts';
import type { Freeze } from '../../domain/freeze.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import { answerableFor, machineIssuer } from '../../domain/person.ts';
import type { Person, PersonId } from '../../domain/person.ts';
import { policyDigestIn, policyKey } from '../../domain/policy-entry.ts';
import { isUncalledEnd } from '../../domain/status.ts';
import { freezeIn } from '../verify/log-facts.ts';

/*
 * The context of a change's pack: entries of no change, and of other changes, by which the change is judged. Whoever makes the
 * pack chooses them by these rules; the verifier takes whatever is there, and says that there may be more.
 */

/** An entry with its place in the log. */
export interface Indexed {
  readonly index: number;
  readonly body: EntryBody;
}

/** What a change's own entries say of the entries that it is judged by. */
export interface Asked {
  readonly requested: Indexed;
  /** The index of its last entry. */
  readonly last: number;
  /** The key of the entry of its policy. */
  readonly policyKey: string;
  /** The id of the API token that it was asked for with; null where a person asked. */
  readonly token: string | null;
  /** Who owes the review where it breaks the glass; null where it does not. */
  readonly debtor: PersonId | null;
}

/** What context a change asks for. @param own - its entries, by index; null for those without the first */
export function askedBy(own: readonly Indexed[]): Asked | null {
  const requested = own.find(({ body }) => body.type === 'change.requested');
  const last = own.at(-1);
  if (!requested || !last) return null;
  const { body } = requested;
  const requester = requesterOf(body);
  return {
    requested,
    last: last.index,
    policyKey: policyKey(policyDigestIn(body) ?? ''),
    token: requester.issuer === machineIssuer ? requester.subject : null,
    debtor: body.breakGlass === true ? answerableFor(requester) : null,
  };
}

/**
 * Which entries are the context of a change.
 *
 * @param candidates - by index: its policy, revocations, freezes, calendars and operations, what is told of its token and of keys, and of earlier
 * break-glass changes of its debtor; others do no harm
 */
export function contextOf<T extends Indexed>(
  { requested, last, debtor, token }: Asked,
  candidates: readonly T[],
): T[] {
  const isRotation = ({ body }: Indexed) => rotationTypes.includes(body.type);
  const before = candidates.filter(({ index }) => index < last);
  const freezes = freezesFor(requested, before);
  const calendars = calendarsFor(requested, before);
  const debts = debtor === null ? new Set<string>() : debtsOf(requested, debtor, before);
  const digest = policyDigestIn(requested.body);
  const declaration = declarationFor(requested, before);
  return candidates.filter((candidate) => {
    const { index, body } = candidate;
    // The checkpoint's key may be one that came after the change.
    if (isRotation(candidate)) return true;
    if (index >= last) return false;
    switch (body.type as string) {
      case 'policy.pinned':
        return index < requested.index && textOf(objectOf(body.pinnedPolicy)['digest']) === digest;
      case 'policy.revoked':
        return policyDigestIn(body) === digest;
      case 'token.issued':
      case 'token.revoked':
        return token !== null && textOf(objectOf(body.token)['id']) === token;
      case 'freeze.declared':
      case 'freeze.lifted':
        return freezes.has(readFreeze(body)?.id ?? null);
      case 'calendar.loaded':
        return calendars.has(index);
      case 'operations.loaded':
        return index === declaration;
      default:
        return body.changeId !== null && debts.has(body.changeId) && mayBeContext(body);
    }
  });
}

/**
 * The freezes that may have held a change: those of its operation and target that were not over when it was asked for. Null stands
 * for those that cannot be understood: they may have, too, and the verifier tells of them.
 */
function freezesFor({ index: from, body }: Indexed, entries: readonly Indexed[]): ReadonlySet<string | null> {
  const { operation, target, scope } = body;
  const change = {
    operation: operation ?? '',
    target: { id: target ?? '', scope: objectOf(scope) as Record<string, string>, label: '' },
  };
  const ids = new Set<string | null>([null]);
  for (const { index, body: told } of entries) {
    const freeze = readFreeze(told);
    if (freeze === null) continue;
    if (told.type === 'freeze.lifted' && index < from && namesWriter(told)) ids.delete(freeze.id);
    if (told.type !== 'freeze.declared' || !concerns(freeze, change)) continue;
    if (freeze.endsAt === null || freeze.endsAt > body.time) ids.add(freeze.id);
  }
  return ids;
}

function readFreeze({ freeze }: EntryBody): Freeze | null {
  try {
    return freezeIn(freeze, null);
  } catch {
    return null;
  }
}

/** The calendar files that may have held a change: the one before it was asked for, those shortly before that, and all since. */
function calendarsFor({ index, body: { time } }: Indexed, entries: readonly Indexed[]): ReadonlySet<number> {
  const all = entries.filter(({ body }) => (body.type as string) === 'calendar.loaded');
  const since = new Date(Date.parse(time) - calendarRolloverMs).toISOString();
  const first = all.findLast((one) => one.index < index && one.body.time < since);
  return new Set(all.map((one) => one.index).filter((one) => one >= (first?.index ?? 0)));
}

/** The newest entry before a change was asked for that has the declaration of its operation; undefined where none has. */
function declarationFor({ index, body }: Indexed, entries: readonly Indexed[]): number | undefined {
  const { operation, operationVersion, inputSchemaDigest } = body;
  const isOf = (told: Json) => {
    const one = objectOf(told);
    return (
      one['name'] === operation &&
      one['version'] === operationVersion &&
      one['inputSchemaDigest'] === inputSchemaDigest &&
      (one['declaration'] ?? null) !== null
    );
  };
  return entries.findLast(
    (one) =>
      one.index < index &&
      (one.body.type as string) === 'operations.loaded' &&
      listOf(one.body['operations']).some(isOf),
  )?.index;
}

/** Earlier break-glass changes of somebody that were open or owed their review when another was asked for. */
function debtsOf({ index }: Indexed, debtor: PersonId, entries: readonly Indexed[]): ReadonlySet<string> {
  const owed = new Set<string>();
  for (const { index: at, body } of entries) {
    const { type, changeId, breakGlass } = body;
    if (at >= index || changeId === null) continue;
    if (type === 'change.requested' && breakGlass === true) {
      const { issuer, subject } = answerableFor(requesterOf(body));
      if (issuer === debtor.issuer && subject === debtor.subject) owed.add(changeId);
    }
    const isSettled = type === 'change.closed' && isUncalledEnd(body.executionStatus);
    if (isSettled || type === 'review.signed') owed.delete(changeId);
  }
  return owed;
}

function requesterOf({ statement, actor }: EntryBody): Person {
  return (objectOf(statement)['person'] ?? actor) as unknown as Person;
}

function objectOf(value: Json | undefined): JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as JsonObject) : {};
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
