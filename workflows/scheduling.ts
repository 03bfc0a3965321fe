import type { Change, MissingSeats } from '../domain/change.ts';
import type { EntryDraft } from '../domain/entry.ts';
import { workerActor } from '../domain/entry.ts';
import type { JsonObject } from '../domain/json.ts';
import { missingSeats } from '../domain/decision.ts';
import type { Run } from './run.ts';

/** The entry that a change is scheduled which no approval of this moment decided; none while it is not approved. */
export function scheduledByRule(run: Run, after: Change): EntryDraft[] {
  if (after.decisionStatus !== 'approved') return [];
  return [run.entry(after, 'change.scheduled', workerActor, scheduling(after))];
}

/** What `change.scheduled` says: the clocks, and which approvals nobody waited for. */
export function scheduling(change: Change): JsonObject {
  const { executeAfter, executeBy, breakGlass, policy } = change;
  return {
    executeAfter,
    executeBy,
    breakGlass,
    standard: policy.standard,
    skipped: skippedSeats(change).map(({ stage, group, seats }) => ({ stage, group, seats })),
  };
}

/** The seats that the policy asks for and that a broken glass left empty. */
export function skippedSeats(change: Change): readonly MissingSeats[] {
  return change.breakGlass ? missingSeats({ ...change, breakGlass: false }) : [];
}
