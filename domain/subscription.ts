import { globMatches } from './glob.ts';
import type { PersonId } from './person.ts';

/** Which entries a subscription is for: each member that is there has to match; in it, any one of its patterns. */
export interface SubscriptionFilter {
  readonly types?: readonly string[] | undefined;
  readonly operations?: readonly string[] | undefined;
  /** By members of the target's scope. */
  readonly scope?: Readonly<Record<string, readonly string[]>> | undefined;
}

/**
 * In which form a webhook's body is: every entry in ours, every entry as a CloudEvent, or those that people are told of, with whom
 * to tell.
 */
export type WebhookForm = 'countersign' | 'cloudevents' | 'notices';

/** Where the entries of a subscription go. Of a webhook no more than its host is told: its address may hold a credential. */
export type SubscriptionTarget =
  | { readonly kind: 'system'; readonly system: string }
  | { readonly kind: 'webhook'; readonly host: string; readonly form: WebhookForm };

/** What is known of a subscription, for people. Times are ISO 8601. */
export interface Subscription {
  readonly name: string;
  /** Who says what it is: the deliverers' file, or an admin through the API. */
  readonly source: 'file' | 'api';
  readonly target: SubscriptionTarget;
  readonly filter: SubscriptionFilter;
  /** The first entry that it is for. */
  readonly fromIndex: number;
  readonly state: 'active' | 'disabled';
  readonly disabledReason: string | null;
  /** Until when its receiver has asked for rest; null, or over, where it has not. */
  readonly pausedUntil: string | null;
  readonly createdBy: (PersonId & { readonly name: string }) | null;
  readonly createdAt: string;
}

/** Stands in the outbox for the change of entries that belong to none, such as those of freezes. */
export const noChange = '00000000-0000-0000-0000-000000000000';

/**
 * Whether entries that belong to no change may be for a subscription: where it names types, and its receiver has a message for
 * every type. Tickets, chats and those who are to be told of changes have no use for them.
 */
export function asksBeyondChanges({ target, filter }: Pick<Subscription, 'target' | 'filter'>): boolean {
  return target.kind === 'webhook' && target.form !== 'notices' && filter.types !== undefined;
}

/** What of an entry a filter looks at. */
export interface FilteredEntry {
  readonly type: string;
  readonly operation: string | null;
  /** The scope of the change's target. */
  readonly scope: Readonly<Record<string, string>>;
  /** The ticket system that it tells of; null: of none. */
  readonly toldSystem: string | null;
}

/**
 * Whether an entry is for a subscription. Entries that tell who has read the log are for none: a receiver that reads the log
 * when it is told of an entry would be told of its own reading. What tells of a system's ticket is not for that system, whose
 * ticket it comes of.
 */
export function isFor(
  { target, filter }: Pick<Subscription, 'target' | 'filter'>,
  entry: FilteredEntry,
): boolean {
  if (entry.type.startsWith('audit.')) return false;
  if (target.kind === 'system' && target.system === entry.toldSystem) return false;
  const { types, operations, scope } = filter;
  const has = (patterns: readonly string[] | undefined, text: string | undefined) =>
    // Of an entry that somebody has edited, any member may be anything.
    patterns === undefined ||
    (typeof text === 'string' && patterns.some((pattern) => globMatches(pattern, text)));
  return (
    has(types, entry.type) &&
    has(operations, entry.operation ?? undefined) &&
    Object.entries(scope ?? {}).every(([member, patterns]) =>
      has(patterns, Object.hasOwn(entry.scope, member) ? entry.scope[member] : undefined),
    )
  );
}
