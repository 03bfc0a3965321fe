import type { Declaration } from '../../domain/declaration.ts';
import type { EntryBody } from '../../domain/entry.ts';
import type { Freeze, FreezeOverride } from '../../domain/freeze.ts';
import type { JudgedToken } from '../../domain/machine.ts';
import { numberOf, objectOf, stringOf } from './fields.ts';
import { RememberedIds } from './remembered-ids.ts';

/** What stands at a place of the log: of two, the one before was committed before the other began. */
export interface Placed {
  readonly place: number;
}

/** A version of a policy that an admin has revoked. */
export interface Revocation extends Placed {
  readonly name: string;
  readonly version: string;
  readonly comment: string;
}

/** The freezes of the calendar file, as a process has loaded it. */
export interface LoadedCalendar extends Placed {
  readonly freezes: readonly Freeze[];
  /** When the next one was loaded, ms since the epoch; null for the newest. */
  readonly supersededAt: number | null;
}

/** A freeze that an entry has declared. */
export interface DeclaredFreeze extends Freeze, Placed {
  /** When it ends by itself, ms since the epoch; Infinity: never. */
  readonly until: number;
}

/** An attempt that has not ended. */
export interface Begun extends Placed {
  /** ISO 8601. */
  readonly time: string;
  readonly digest: string | null;
}

/**
 * What the entries so far tell beside single changes, and what is owed and open across changes: what a worker asks of Postgres
 * before it opens a change or begins a call.
 */
export interface LogFacts {
  /** How many entries were looked at. */
  place: number;
  /** Freezes that nobody has lifted, by id; those that have ended, too: entries are of any time. */
  readonly freezes: Map<string, DeclaredFreeze>;
  /** Freezes beyond those that are followed. */
  unfollowedFreezes: number;
  calendars: readonly LoadedCalendar[];
  /** Calendar files whose list was longer than an entry can hold. */
  unlistedCalendars: number;
  /** By change, then by freeze and digest. Only those of people who may. */
  readonly overrides: Map<string, Map<string, FreezeOverride>>;
  /** By the policy's digest. */
  readonly revoked: Map<string, Revocation>;
  /** By the token's id. */
  readonly tokens: Map<string, JudgedToken>;
  /** What files declared of operations, by {@link declarationKey}. */
  readonly declared: Map<string, Declaration>;
  /** Declarations that gave way to newer ones. */
  forgottenDeclarations: number;
  /** Lists of operations whose declarations were longer than an entry can hold. */
  unlistedDeclarations: number;
  /** The break-glass change that somebody answers for, by the person; it is open or owes its review. */
  readonly debts: Map<string, string>;
  /** Who answers for such a change. */
  readonly debtors: Map<string, string>;
  /** The open change of a target, by the target's id. */
  readonly openTargets: Map<string, string>;
  /** The open change of a ticket, by the ticket's system and name or id; and the tickets of a change. */
  readonly openTickets: Map<string, string>;
  readonly ticketsOf: Map<string, readonly string[]>;
  /** Changes that somebody asked for, or reviewed, who might only because the directory lists them. */
  readonly byDirectory: { readonly breakers: Set<string>; readonly reviewers: Set<string> };
  /** Open attempts, by change and ordinal. */
  readonly begun: Map<string, Begun>;
  /** Of which change's call a RequestId of the bundled operations' service is. */
  readonly requestIds: RememberedIds;
  /** Which change was asked for with an Idempotency-Key, by the person and the key. */
  readonly idempotencyKeys: RememberedIds;
}

/** Before the first entry. */
export function newLogFacts(): LogFacts {
  return {
    place: 0,
    freezes: new Map(),
    unfollowedFreezes: 0,
    calendars: [],
    unlistedCalendars: 0,
    overrides: new Map(),
    revoked: new Map(),
    tokens: new Map(),
    declared: new Map(),
    forgottenDeclarations: 0,
    unlistedDeclarations: 0,
    debts: new Map(),
    debtors: new Map(),
    openTargets: new Map(),
    openTickets: new Map(),
    ticketsOf: new Map(),
    byDirectory: { breakers: new Set(), reviewers: new Set() },
    begun: new Map(),
    requestIds: new RememberedIds(),
    idempotencyKeys: new RememberedIds(),
  };
}

/** What a change pins of its operation, as one text. */
export function declarationKey(name: string, version: string, inputSchemaDigest: string): string {
  return JSON.stringify([name, version, inputSchemaDigest]);
}

/** Whether an attempt that the entry tells of is open, and how it began. */
export function attemptKey({ changeId, attempt }: EntryBody): string {
  return `${changeId ?? ''}/${numberOf(objectOf(attempt).ordinal)}`;
}

/** A freeze may be declared again that long after its end, ms. */
const longOver = 60 * 60_000;

/** Whether a freeze had ended so long before a moment, ISO 8601, that nobody lifts it any more. */
export function isLongOver({ until }: DeclaredFreeze, time: string): boolean {
  return until + longOver < Date.parse(time);
}

/**
 * A freeze as an entry has it.
 * @param declared - null for one of the calendar file
 * @throws TypeError for one without its members
 */
export function freezeIn(
  value: unknown,
  declared: { readonly by: Freeze['declaredBy']; readonly at: string } | null,
): Freeze {
  const { id, operation, scope, startsAt, endsAt, reason } = objectOf(value as EntryBody['freeze']);
  const name = stringOf(id);
  const members = Object.entries(objectOf(scope));
  const isWhole =
    name !== null &&
    isMoment(startsAt) &&
    (endsAt === null || isMoment(endsAt)) &&
    (operation === null || typeof operation === 'string') &&
    members.every(([, pattern]) => typeof pattern === 'string');
  if (!isWhole) throw new TypeError('member freeze is none');
  return {
    id: name,
    operation,
    scope: Object.fromEntries(members) as Freeze['scope'],
    startsAt,
    endsAt,
    reason: stringOf(reason) ?? '',
    declaredBy: declared?.by ?? null,
    declaredAt: declared?.at ?? null,
    liftedBy: null,
    liftedAt: null,
  };
}

function isMoment(value: unknown): value is string {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value));
}
