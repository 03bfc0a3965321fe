import type { Attempt, Change } from '../../domain/change.ts';
import type { Folded } from '../../domain/fold.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import type { PersonId } from '../../domain/person.ts';
import { answerableFor } from '../../domain/person.ts';
import { ticketRuleOf } from '../../domain/ticket-gate.ts';

/** What Postgres keeps of a change beside the log. */
export interface Stored {
  /** Null where there is no row. */
  readonly change: JsonObject | null;
  readonly attempts: readonly Attempt[];
  /** The target that the change holds open, or null. */
  readonly openTarget: string | null;
  /** The ticket that the change holds open, as the change names it; another that it holds where that is not held; or null. */
  readonly openTicket: string | null;
  readonly key: Folded['key'];
  /** Who may open no other break-glass change because of this one, or null. */
  readonly breakGlass: PersonId | null;
}

/** A field of what is kept that is not what the log makes it. */
export interface FieldDifference {
  /** Such as `change.decisionStatus`, `attempt.2.requestId`, `target`, `ticket`, `key`, `break_glass`. */
  readonly field: string;
  /** As the log tells it; null where it tells of none. */
  readonly logged: Json;
  readonly stored: Json;
}

/** Most fields of one change that are named. */
const mostNamed = 20;

/** In what one change's rows differ from the fold of its entries; nothing where they are the same. */
export function differencesOf(logged: Folded | null, stored: Stored): readonly FieldDifference[] {
  const found: FieldDifference[] = [];
  if (logged === null) {
    if (stored.change !== null) found.push({ field: 'change', logged: null, stored: stored.change });
    return found;
  }
  const { change } = logged;
  compare('change', plain(change), stored.change, found);
  compareAttempts(logged.attempts, stored.attempts, found);
  compare('target', change.closedAt === null ? targetIdOf(change) : null, stored.openTarget, found);
  compare('ticket', ticketIdOf(change), stored.openTicket, found);
  compare('key', plain(logged.key), plain(stored.key), found);
  compare('break_glass', plain(holderOf(change)), plain(stored.breakGlass), found);
  return found.slice(0, mostNamed);
}

function targetIdOf({ target }: Change): string {
  return target.id;
}

/** The ticket that an open change has taken, where its policy asks for one. */
function ticketIdOf(change: Change): string | null {
  return change.closedAt === null && ticketRuleOf(change) !== null ? (change.ticket?.id ?? null) : null;
}

/** Who has a break-glass change open, or owes its review. */
function holderOf({ breakGlass, closedAt, reviewStatus, requester }: Change): PersonId | null {
  return breakGlass && (closedAt === null || reviewStatus === 'owed') ? answerableFor(requester) : null;
}

function compareAttempts(
  logged: readonly Attempt[],
  stored: readonly Attempt[],
  found: FieldDifference[],
): void {
  for (const ordinal of new Set([...logged, ...stored].map((attempt) => attempt.ordinal))) {
    const own = logged.find((attempt) => attempt.ordinal === ordinal) ?? null;
    const kept = stored.find((attempt) => attempt.ordinal === ordinal) ?? null;
    // That an open one is marked as sent, the log tells with its end.
    const known = own?.outcome === 'open' && kept ? { ...own, sentAt: kept.sentAt } : own;
    compare(`attempt.${ordinal}`, plain(known), plain(kept), found);
  }
}

function compare(field: string, logged: Json, stored: Json, found: FieldDifference[]): void {
  if (isObject(logged) && isObject(stored)) {
    for (const name of new Set([...Object.keys(logged), ...Object.keys(stored)])) {
      compare(`${field}.${name}`, own(logged, name), own(stored, name), found);
    }
    return;
  }
  if (Array.isArray(logged) && Array.isArray(stored) && logged.length === stored.length) {
    logged.forEach((one: Json, i) => {
      compare(`${field}.${i}`, one, stored[i] as Json, found);
    });
    return;
  }
  if (isObject(logged) || Array.isArray(logged) || logged !== stored) found.push({ field, logged, stored });
}

function own(object: JsonObject, name: string): Json {
  return Object.hasOwn(object, name) ? (object[name] as Json) : null;
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value as JSON has it: without members that are undefined. */
function plain(value: object | null): Json {
  return value === null ? null : (JSON.parse(JSON.stringify(value)) as Json);
}
