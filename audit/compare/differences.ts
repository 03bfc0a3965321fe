import type { Attempt, Change } from '../../domain/change.ts';
import type { FreezeOverride } from '../../domain/freeze.ts';
import type { Folded } from '../../domain/fold.ts';
import { isGlassBroken } from '../../domain/break-glass.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import type { PersonId } from '../../domain/person.ts';
import { answerableFor, samePerson } from '../../domain/person.ts';
import { ticketRuleOf } from '../../domain/ticket-gate.ts';

/** An Idempotency-Key that leads to a change. */
export type StoredKey = NonNullable<Folded['key']>;

/** What Postgres keeps of a change beside the log: each row that names it, also where there is no such change. */
export interface Stored {
  /** Null where there is no row. */
  readonly change: JsonObject | null;
  /** The row's own column, by which the store asks whether the change has ended; the document has it, too. */
  readonly closedAt: string | null;
  readonly attempts: readonly Attempt[];
  /** The target that the change holds open, or null. */
  readonly openTarget: string | null;
  /** The tickets that the change holds open, each as `<system>:<id>`. */
  readonly openTickets: readonly string[];
  readonly keys: readonly StoredKey[];
  /** Who may open no other break-glass change because of this one, or null. */
  readonly breakGlass: PersonId | null;
  /** What lets the change run in freezes. */
  readonly overrides: readonly FreezeOverride[];
}

/** What entries tell of a change without moving it. */
export interface ToldBeside {
  /** The ids that the change's ticket was found to have, as `<system>:<id>`. */
  readonly readTickets: readonly string[];
  readonly overrides: readonly FreezeOverride[];
}

/** A field of what is kept that is not what the log makes it. */
export interface FieldDifference {
  /** Such as `change.decisionStatus`, `attempt.2.requestId`, `target`, `ticket`, `key`, `break_glass`, `override.<freeze>.<digest>`. */
  readonly field: string;
  /** As the log tells it; null where it tells of none. */
  readonly logged: Json;
  readonly stored: Json;
}

/** Most fields of one change that are named. */
const mostNamed = 20;

/**
 * In what one change's rows differ from the fold of its entries; nothing where they are the same.
 */
export function differencesOf(
  logged: Folded | null,
  stored: Stored,
  told: ToldBeside,
): readonly FieldDifference[] {
  const found: FieldDifference[] = [];
  const change = logged?.change ?? null;
  compareField('change', plain(change), stored.change, found);
  const isSaid = found.some(({ field }) => field === 'change.closedAt');
  if (change !== null && stored.change !== null && !isSaid) {
    compareField('change.closedAt', change.closedAt, stored.closedAt, found);
  }
  compareAttempts(logged?.attempts ?? [], stored.attempts, found);
  const open = change !== null && change.closedAt === null ? change : null;
  compareField('target', open && targetIdOf(open), stored.openTarget, found);
  compareTickets(open, stored.openTickets, told.readTickets, found);
  compareKeys(logged?.key ?? null, stored.keys, found);
  compareField('break_glass', plain(change && holderOf(change)), plain(stored.breakGlass), found);
  compareOverrides(told.overrides, stored.overrides, found);
  return found.slice(0, mostNamed);
}

function targetIdOf({ target }: Change): string {
  return target.id;
}

/** The ticket that an open change has taken by the name that it gives it, where its policy asks for one. */
function ticketIdOf({ ticket, ...change }: Change): string | null {
  if (ticket === null || ticketRuleOf({ ...change, ticket }) === null) return null;
  return `${ticket.system}:${ticket.id}`;
}

/** Who has a break-glass change open, or owes its review. */
function holderOf(change: Change): PersonId | null {
  return isGlassBroken(change) ? answerableFor(change.requester) : null;
}

function compareOverrides(
  logged: readonly FreezeOverride[],
  stored: readonly FreezeOverride[],
  found: FieldDifference[],
): void {
  const keyOf = ({ freezeId, digest }: FreezeOverride) => `${freezeId}.${digest}`;
  for (const key of new Set([...logged, ...stored].map(keyOf))) {
    const [own, kept] = [logged, stored].map((all) => all.find((one) => keyOf(one) === key) ?? null);
    compareField(`override.${key}`, plain(own ?? null), plain(kept ?? null), found);
  }
}

function compareTickets(
  open: Change | null,
  stored: readonly string[],
  read: readonly string[],
  found: FieldDifference[],
): void {
  const own = open && ticketIdOf(open);
  const others = stored.filter((one) => one !== own);
  // By the id that its system gives it as well: it is taken a moment before its entry tells of it.
  const unexpected =
    own === null ? others : read.length > 0 ? others.filter((one) => !read.includes(one)) : others.slice(1);
  if (own !== null && !stored.includes(own)) {
    found.push({ field: 'ticket', logged: own, stored: others[0] ?? null });
  } else {
    for (const one of unexpected) found.push({ field: 'ticket', logged: own, stored: one });
  }
}

function compareKeys(logged: Folded['key'], stored: readonly StoredKey[], found: FieldDifference[]): void {
  const isSame = (one: StoredKey) => logged !== null && one.key === logged.key && samePerson(one, logged);
  compareField('key', plain(logged), plain(stored.find(isSame) ?? stored[0] ?? null), found);
  const others = stored.filter((one) => !isSame(one));
  // Whoever has such a key is told of a change that they did not ask for.
  for (const one of others.slice(stored.some(isSame) ? 0 : 1)) compareField('key', null, plain(one), found);
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
    compareField(`attempt.${ordinal}`, plain(known), plain(kept), found);
  }
}

/** Names each field of a value in which what is stored is not what is logged. */
export function compareField(field: string, logged: Json, stored: Json, found: FieldDifference[]): void {
  if (isObject(logged) && isObject(stored)) {
    for (const name of new Set([...Object.keys(logged), ...Object.keys(stored)])) {
      compareField(`${field}.${name}`, own(logged, name), own(stored, name), found);
    }
    return;
  }
  if (Array.isArray(logged) && Array.isArray(stored) && logged.length === stored.length) {
    logged.forEach((one: Json, i) => {
      compareField(`${field}.${i}`, one, stored[i] as Json, found);
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
export function plain(value: object | null): Json {
  return value === null ? null : (JSON.parse(JSON.stringify(value)) as Json);
}
