import type { KeptChange } from './changes-in-memory.ts';

/** What a change waits for, as far as a kit knows it: for whoever has waited for the change in vain. */
export function holdOf({ change, heldBy }: KeptChange): string {
  const { closedAt, outcome, digest, decisionStatus } = change;
  if (closedAt !== null) return `it has ended: ${outcome?.code ?? decisionStatus}`;
  if (heldBy !== null) return heldBy;
  if (digest === null) return 'its target is not read yet';
  return decisionStatus === 'pending' ? 'it waits for decisions' : `it is ${decisionStatus}`;
}
