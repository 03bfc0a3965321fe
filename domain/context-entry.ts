import type { EntryBody, EventType } from './entry.ts';

/** What tells of other keys: by which the statements of a change, and the checkpoint, are signed. */
export const rotationTypes: readonly EventType[] = ['key.rotated', 'statement_key.rotated'];

/** Entries of no change by which a change may be judged. */
const factTypes: readonly EventType[] = [
  'policy.pinned',
  'policy.revoked',
  'freeze.declared',
  'freeze.lifted',
  'calendar.loaded',
  'operations.loaded',
  'token.issued',
  'token.revoked',
  ...rotationTypes,
];

/** Of another change: what tells that it broke the glass, and whether it owes its review. */
export const debtTypes: readonly EventType[] = [
  'change.requested',
  'change.scheduled',
  'change.closed',
  'review.signed',
];

/** Whether an entry may stand in a change's pack that is not the change's own. */
export function mayBeContext({ changeId, type }: Pick<EntryBody, 'changeId' | 'type'>): boolean {
  return (changeId === null ? factTypes : debtTypes).includes(type);
}
