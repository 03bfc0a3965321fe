import type { Queryable } from '../../store/queryable.ts';
import type { EntryBody } from '../../domain/entry.ts';
import { afterFailure } from '../../domain/delivery-failure.ts';
import { eventIn } from '../../domain/event-in.ts';
import { fold } from '../../domain/fold.ts';
import type { PolicyOf } from '../../domain/policy-entry.ts';
import { isFor, noChange } from '../../domain/subscription.ts';
import type { Subscription } from '../../domain/subscription.ts';
import { toldSystemOf } from '../../domain/ticket-entries.ts';
import { isoTime } from '../../domain/time.ts';
import { mayHelp, RemoteError } from '../remote-error.ts';
import type { DeliveredEntry, Sink } from '../sink.ts';
import { disableSubscription } from './disable-subscription.ts';
import type { LeasedRow } from './lease-rows.ts';
import { pauseSubscription } from './pause-subscription.ts';
import { readBeyondChanges } from './read-beyond-changes.ts';
import type { History, HistoryPlace } from './read-history.ts';
import { giveBack, recordFailed } from './record-outcome.ts';
import type { Delivered } from './record-outcome.ts';
import { saveMemory } from './save-memory.ts';

/** Most entries of a change in one delivery: what comes after follows in another one. */
export const mostEntries = 20;

/** What came of one delivery. */
export type Outcome =
  | { readonly kind: 'delivered'; readonly entries: number }
  /** `retryAtMs`: when; null for a dead letter. `pausesAll`: nothing else is brought to the receiver before. */
  | { readonly kind: 'failed'; readonly retryAtMs: number | null; readonly pausesAll: boolean }
  | { readonly kind: 'disabled' }
  /** Another process has taken the change over, or this one stops. */
  | { readonly kind: 'left' };

/** What {@link deliverRow} works with. */
export interface Delivering {
  readonly db: Queryable;
  readonly readHistory: (place: HistoryPlace) => Promise<History>;
  readonly readPolicies: (bodies: readonly EntryBody[]) => Promise<PolicyOf>;
  /** As {@link ./record-outcome.ts} has it. */
  readonly recordDelivered: (delivered: Delivered) => Promise<boolean>;
  readonly subscription: Pick<Subscription, 'target' | 'filter'>;
  readonly sink: Sink;
  /** Aborts when the lease ends. */
  readonly deadline: AbortSignal;
  /** Aborts when the process stops. */
  readonly stopping: AbortSignal;
  readonly now: () => number;
}

/**
 * Brings one change to one receiver and records what came of it.
 * @throws errors of Postgres; the lease then runs out, and it is delivered again
 */
export async function deliverRow(row: LeasedRow, on: Delivering): Promise<Outcome> {
  const { db, sink, stopping, deadline, now } = on;
  const isBeyond = row.changeId === noChange;
  const { entries: history, upTo } = isBeyond
    ? await readBeyondChanges(db, row, mostEntries + 1)
    : await on.readHistory(row);
  const entries = entriesFor(history, row, on.subscription);
  const last = entries.at(-1);
  // No filter lets these pass, or another one than when the row was made.
  if (last === undefined) return delivered(0, upTo);
  const upToLast = history.filter(({ index }) => index <= last.index);
  const { subscription } = row;
  const signal = AbortSignal.any([stopping, deadline]);
  const policyOf = await on.readPolicies(upToLast.map(({ body }) => body));
  let count: number;
  try {
    count = isBeyond ? await bringBeyond() : await bring();
  } catch (error) {
    if (!stopping.aborted) return failed(error);
    await giveBack(db, row, isoTime(now()));
    return { kind: 'left' };
  }
  const end = entries[count - 1];
  if (end === undefined) return failed(new RemoteError('failed', 'nothing was delivered'));
  // Entries after the last may wait that did not fit, or that no filter lets pass.
  const hasMore = entriesFor(history, { lastIndex: end.index }, on.subscription).length > 0;
  return delivered(count, hasMore ? end.index : upTo);

  async function bring(): Promise<number> {
    return await sink.deliver({
      subscription,
      change: changeIn(upToLast, policyOf),
      entries,
      history: upToLast,
      memory: row.memory,
      remember: (memory) => saveMemory(db, row, memory),
      signal,
    });
  }

  async function bringBeyond(): Promise<number> {
    // Its receiver is another one than when the row was made.
    if (sink.deliverBeyondChanges === undefined) return entries.length;
    return await sink.deliverBeyondChanges({ subscription, entries, signal });
  }

  async function delivered(count: number, lastIndex: number): Promise<Outcome> {
    const isOurs = await on.recordDelivered({ row, lastIndex, at: isoTime(now()) });
    return isOurs ? { kind: 'delivered', entries: count } : { kind: 'left' };
  }

  async function failed(error: unknown): Promise<Outcome> {
    const remote = asRemote(error, deadline);
    const { fault, httpStatus, retryAfterMs } = remote;
    const at = now();
    const next = afterFailure(
      {
        mayHelp: mayHelp(fault),
        isGone: fault === 'gone',
        isOverloaded: fault === 'throttled' || httpStatus === 502 || httpStatus === 504,
        retryAfterMs,
      },
      row,
      at,
    );
    if (next.kind === 'disable') {
      await disableSubscription(db, row.subscription, remote.message);
      await giveBack(db, row, isoTime(at));
      return { kind: 'disabled' };
    }
    const retryAtMs = next.kind === 'retry' ? at + next.afterMs : null;
    const isOurs = await recordFailed(db, row, {
      error: remote.message,
      at: isoTime(at),
      nextAt: retryAtMs === null ? null : isoTime(retryAtMs),
    });
    if (!isOurs) return { kind: 'left' };
    const pausesAll = next.kind === 'retry' && next.pausesAll;
    if (pausesAll) await pauseSubscription(db, row.subscription, isoTime(at + next.afterMs));
    return { kind: 'failed', retryAtMs, pausesAll };
  }
}

/** The entries after the last delivered one that the filter lets pass, at most {@link mostEntries}. */
function entriesFor(
  history: readonly DeliveredEntry[],
  { lastIndex }: Pick<LeasedRow, 'lastIndex'>,
  subscription: Delivering['subscription'],
): DeliveredEntry[] {
  const first = history.find(({ body }) => body.type === 'change.requested');
  const scope = (first?.body['scope'] ?? {}) as Record<string, string>;
  return history
    .filter(({ index, body }) => {
      const { type, operation } = body;
      return (
        index > lastIndex && isFor(subscription, { type, operation, scope, toldSystem: toldSystemOf(body) })
      );
    })
    .slice(0, mostEntries);
}

function changeIn(history: readonly DeliveredEntry[], policyOf: PolicyOf) {
  const folded = fold(history.flatMap(({ body }) => eventIn(body, policyOf) ?? []));
  if (folded === null) throw new RemoteError('failed', 'the log does not tell what the change is');
  return folded.change;
}

/** A failure as it is kept and shown. An error that is none of a remote system's may say anything: only its name is kept. */
function asRemote(error: unknown, deadline: AbortSignal): RemoteError {
  if (error instanceof RemoteError) return error;
  if (deadline.aborted) return new RemoteError('unreachable', 'not done in time');
  const name = error instanceof Error ? error.name : 'unknown';
  return new RemoteError('failed', `an error of ours: ${name}`);
}
