import type { EntryBody } from '../../domain/entry.ts';
import type { PinnedPolicy } from '../../domain/policy.ts';
import { isPolicy } from '../verify/change-record.ts';
import { objectOf, stringOf } from '../verify/fields.ts';
import { readEvent } from '../verify/read-event.ts';
import { policyDigestIn } from '../../domain/policy-entry.ts';
import { collectExceptions } from '../exceptions/collect-exceptions.ts';
import { beginChange, followChange, reportedChange } from './followed-change.ts';
import type { FollowedChange } from './followed-change.ts';
import type { PeriodReport, ReportedChange } from './period-report.ts';

/** The part of a report that entries make. */
export type DraftedPeriod = Pick<PeriodReport, 'figures' | 'exceptions' | 'changes'> & {
  readonly entries: number;
};

interface Kept {
  /** Null where its beginning was not seen. */
  followed: FollowedChange | null;
  isOfPeriod: boolean;
}

/**
 * Makes the report of a period from entries in the log's order, those before it included: changes as they stand at its end,
 * and what is to be looked at first. Of a change that ended before, nothing is kept.
 *
 * @param from - included; milliseconds since the epoch
 * @param to - excluded: what was recorded later is not looked at
 */
export function draftPeriod({ from, to }: { readonly from: number; readonly to: number }) {
  const changes = new Map<string, Kept>();
  const policies = new Map<string, PinnedPolicy>();
  const exceptions = collectExceptions(Infinity);
  let entries = 0;

  function follow(body: EntryBody, changeId: string, isOfPeriod: boolean): void {
    const kept = changes.get(changeId) ?? { followed: null, isOfPeriod: false };
    kept.isOfPeriod ||= isOfPeriod;
    kept.followed = after(kept.followed, body);
    const change = kept.followed?.change;
    const isOver = change?.closedAt != null && change.reviewStatus !== 'owed';
    if (isOver && !kept.isOfPeriod) changes.delete(changeId);
    else if (kept.isOfPeriod || kept.followed !== null) changes.set(changeId, kept);
  }

  function after(before: FollowedChange | null, body: EntryBody): FollowedChange | null {
    if (body.type === 'change.requested') {
      const pinnedPolicy = policies.get(policyDigestIn(body) ?? '');
      return pinnedPolicy === undefined ? before : beginChange({ ...body, pinnedPolicy } as never);
    }
    if (before === null) return null;
    const event = readEvent(body);
    return event === null ? before : followChange(before, event, body);
  }

  return {
    add(index: number, body: EntryBody): void {
      const time = Date.parse(body.time);
      if (time >= to) return;
      const isOfPeriod = time >= from;
      if (isOfPeriod) entries += 1;
      exceptions.add(index, body, isOfPeriod);
      const { pinnedPolicy, changeId } = body;
      const digest = stringOf(objectOf(pinnedPolicy)['digest']);
      if (body.type === 'policy.pinned' && digest !== null && isPolicy(pinnedPolicy))
        policies.set(digest, pinnedPolicy);
      if (changeId !== null) follow(body, changeId, isOfPeriod && movesOrTells(body));
    },
    /** After the last entry. */
    end(): DraftedPeriod {
      const ofPeriod = [...changes].filter(([, { isOfPeriod }]) => isOfPeriod);
      const followed = ofPeriod.flatMap(([, kept]) => kept.followed ?? []);
      const unknown = ofPeriod.flatMap(([id, kept]) => (kept.followed === null ? [id] : []));
      const rows = followed.map(reportedChange);
      for (const changeId of unknown) {
        const message = 'it began before the entries that were given: nothing else is said of it';
        exceptions.put({ kind: 'beginning_unknown', time: null, changeId, index: null, message });
      }
      const isIn = (time: string | null) =>
        time !== null && Date.parse(time) >= from && Date.parse(time) < to;
      return {
        entries,
        changes: rows,
        figures: figuresOf(rows, followed, isIn, (ms) => ms >= from),
        exceptions: [...exceptions.end().listed],
      };
    },
  };
}

/** Whether an entry is of the change itself: that somebody read of it later does not make it one of the period. */
function movesOrTells({ type }: EntryBody): boolean {
  return !type.startsWith('audit.');
}

function figuresOf(
  rows: readonly ReportedChange[],
  followed: readonly FollowedChange[],
  isIn: (time: string | null) => boolean,
  isSince: (ms: number) => boolean,
): PeriodReport['figures'] {
  const waits = followed
    .flatMap(({ change, approvedAt }) =>
      approvedAt !== null && isSince(approvedAt)
        ? [Math.max(0, approvedAt - Date.parse(change.submittedAt))]
        : [],
    )
    .sort((a, b) => a - b);
  return {
    changes: rows.length,
    submitted: rows.filter(({ submittedAt }) => isIn(submittedAt)).length,
    closed: rows.filter(({ closedAt }) => isIn(closedAt)).length,
    byDecision: countBy(rows, 'decisionStatus'),
    byExecution: countBy(rows, 'executionStatus'),
    byReview: countBy(rows, 'reviewStatus'),
    attempts: rows.reduce((sum, { attempts }) => sum + attempts, 0),
    approved: waits.length,
    medianWaitMs: waits[Math.ceil(waits.length / 2) - 1] ?? null,
  };
}

function countBy<K extends 'decisionStatus' | 'executionStatus' | 'reviewStatus'>(
  rows: readonly ReportedChange[],
  member: K,
): Partial<Record<ReportedChange[K], number>> {
  const counts: Partial<Record<ReportedChange[K], number>> = {};
  for (const row of rows) counts[row[member]] = (counts[row[member]] ?? 0) + 1;
  return counts;
}
