import type { Change, MissingSeats } from '../domain/change.ts';
import type { JsonObject } from '../domain/json.ts';
import { missingSeats } from '../domain/decision.ts';

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
