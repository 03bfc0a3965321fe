import { refusalOfAuthentication } from './authentication.ts';
import type { Change } from './change.ts';
import { channelOf } from './channel.ts';
import { CountersignError } from './error.ts';
import { globMatches } from './glob.ts';
import { isMember } from './membership.ts';
import type { Person, PersonId } from './person.ts';
import { askedFor } from './person.ts';
import { isFinal } from './status.ts';
import { refusalOfDifference } from './stored-change.ts';
import { unmetMember } from './target-scope.ts';

/** A time in which nothing may run of what it holds, whatever was approved. */
export interface Freeze {
  /** A UUID, or the name of one in the calendar file. */
  readonly id: string;
  /** The operation that it holds; null: any. `*` stands for any text, `?` for one character, here and in `scope`. */
  readonly operation: string | null;
  /** A pattern for each member that a target's scope must have; empty: every target. */
  readonly scope: Readonly<Record<string, string>>;
  /** ISO 8601; included. */
  readonly startsAt: string;
  /** ISO 8601; excluded. Null: until it is lifted. */
  readonly endsAt: string | null;
  readonly reason: string;
  /** Null for one of the calendar file. */
  readonly declaredBy: Named | null;
  readonly declaredAt: string | null;
  readonly liftedBy: Named | null;
  readonly liftedAt: string | null;
}

/** How long processes that have loaded two calendar files may run beside each other, ms. */
export const calendarRolloverMs = 60 * 60_000;

/** A person with a name to show. */
export type Named = PersonId & Pick<Person, 'name'>;

/** Somebody's word that one change, as approved under one digest, may run in one freeze. */
export interface FreezeOverride {
  readonly freezeId: string;
  readonly changeId: string;
  readonly digest: string;
  readonly by: Named;
  readonly at: string;
}

/**
 * Whether a freeze holds a change's operation and target, at whatever time. A target without a member that the freeze
 * names is not held.
 */
export function concerns(freeze: Freeze, change: Pick<Change, 'operation' | 'target'>): boolean {
  const { operation, scope } = freeze;
  return (
    (operation === null || globMatches(operation, change.operation)) &&
    unmetMember(scope, change.target.scope) === null
  );
}

/**
 * Whether a freeze is in force at a moment, ms since the epoch. One that was to begin at once holds from its declaration on,
 * by whoever's clock: clocks differ.
 */
export function inForce(
  freeze: Pick<Freeze, 'startsAt' | 'endsAt' | 'liftedAt' | 'declaredAt'>,
  now: number,
): boolean {
  const { startsAt, declaredAt } = freeze;
  const atOnce = declaredAt !== null && Date.parse(startsAt) <= Date.parse(declaredAt);
  return (atOnce || Date.parse(startsAt) <= now) && !isOver(freeze, now);
}

/**
 * When a freeze holds, ISO 8601: from its beginning, or its declaration where that came later, until its end or its lifting,
 * whichever comes first (null: until it is lifted). Null for one that was lifted before it began.
 */
export function timeOfFreeze({
  startsAt,
  endsAt,
  declaredAt,
  liftedAt,
}: Pick<Freeze, 'startsAt' | 'endsAt' | 'liftedAt' | 'declaredAt'>): {
  readonly from: string;
  readonly until: string | null;
} | null {
  const from = declaredAt !== null && declaredAt > startsAt ? declaredAt : startsAt;
  const until = liftedAt !== null && (endsAt === null || liftedAt < endsAt) ? liftedAt : endsAt;
  return until !== null && until <= from ? null : { from, until };
}

/** Whether a freeze has ended by itself or was lifted. */
export function isOver(freeze: Pick<Freeze, 'endsAt' | 'liftedAt'>, now: number): boolean {
  return freeze.liftedAt !== null || (freeze.endsAt !== null && Date.parse(freeze.endsAt) <= now);
}

/**
 * The freeze that keeps a change from running at a moment: the one in force that lasts longest, unless its override was
 * given for just this digest by somebody else than the requester. Null: none does.
 *
 * @param now - milliseconds since the epoch
 */
export function freezeInTheWay(
  change: Pick<Change, 'id' | 'operation' | 'target' | 'digest' | 'requester'>,
  freezes: readonly Freeze[],
  overrides: readonly FreezeOverride[],
  now: number,
): Freeze | null {
  const overridden = (freeze: Freeze) =>
    overrides.some(
      (o) =>
        o.freezeId === freeze.id &&
        o.changeId === change.id &&
        o.digest === change.digest &&
        !askedFor(change.requester, o.by),
    );
  const end = ({ endsAt }: Freeze) => (endsAt === null ? Infinity : Date.parse(endsAt));
  return freezes
    .filter((freeze) => inForce(freeze, now) && concerns(freeze, change) && !overridden(freeze))
    .reduce<Freeze | null>(
      (last, freeze) => (last !== null && end(last) >= end(freeze) ? last : freeze),
      null,
    );
}

/** What somebody says who wants to let a change run in a freeze. */
export interface WantedOverride {
  readonly person: Person;
  /** Of what they were shown. */
  readonly digest: string;
  /** Whether the stored change is the one that its digest was made of. */
  readonly isIntact: boolean;
  /** The groups of the directory that list them. */
  readonly directory?: readonly string[];
}

/**
 * Why somebody may not let a change run in a freeze, whichever freeze it is; null when they may: an approver whom the change's
 * policy names for that, not its requester.
 *
 * @param directory - the groups of the directory that list the person
 * @param now - milliseconds since the epoch
 * @returns null, or `missing_role`, `self_approval`, `channel_not_allowed`, `forbidden` where the policy names nobody,
 * `not_an_approver`, `stronger_authentication_needed` (403)
 */
export function refusalToOverride(
  change: Pick<Change, 'policy' | 'requester'>,
  person: Person,
  directory: readonly string[],
  now: number,
): CountersignError | null {
  if (!person.roles.includes('approver')) {
    return new CountersignError('missing_role', 'overriding a freeze needs the role approver');
  }
  if (askedFor(change.requester, person)) {
    return new CountersignError('self_approval', 'the requester of a change may not let it run in a freeze');
  }
  if (channelOf(person) !== null) {
    return new CountersignError('channel_not_allowed', 'a freeze is overridden with a token of one’s own');
  }
  const { freezeOverride } = change.policy;
  if (!freezeOverride) {
    return new CountersignError('forbidden', `policy ${change.policy.name} lets nobody override a freeze`);
  }
  if (!isMember(change.policy, freezeOverride.group, person, directory)) {
    return new CountersignError(
      'not_an_approver',
      `policy ${change.policy.name} lets members of ${freezeOverride.group} override a freeze`,
    );
  }
  return refusalOfAuthentication(person.authentication, change.policy.authentication, now);
}

/**
 * Why somebody may not let a change run in one freeze now, on the digest that they saw; null when they may.
 *
 * @param freeze - null where none is in the change's way
 * @param now - milliseconds since the epoch
 * @returns null, a refusal of {@link refusalToOverride}, or `stored_change_differs`, `change_closed`, `freeze_ended` (409);
 * `digest_mismatch` (412); `invalid_request` for a freeze that does not concern the change
 */
export function refusalOfOverride(
  change: Change,
  freeze: Freeze | null,
  wanted: WantedOverride,
  now: number,
): CountersignError | null {
  const { person, digest, isIntact, directory = [] } = wanted;
  const unfit = refusalToOverride(change, person, directory, now);
  if (unfit?.code === 'missing_role') return unfit;
  // Of another change than the one that was approved nothing else is to be believed.
  if (!isIntact) return refusalOfDifference(change);
  if (unfit) return unfit;
  if (isFinal(change)) return new CountersignError('change_closed', 'the change has ended');
  if (freeze === null) return new CountersignError('freeze_ended', 'no freeze is in the way');
  if (isOver(freeze, now)) return new CountersignError('freeze_ended', `freeze ${freeze.id} is over`);
  if (!concerns(freeze, change)) {
    const message = `freeze ${freeze.id} does not hold this change`;
    return new CountersignError('invalid_request', message, {
      errors: [{ field: 'changeId', rule: 'held_by_freeze', message }],
    });
  }
  if (change.digest === null || digest !== change.digest) {
    return new CountersignError(
      'digest_mismatch',
      `the override is for digest ${digest}, round ${change.round} has ${change.digest ?? 'none yet'}`,
    );
  }
  return null;
}
