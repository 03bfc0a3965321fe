import type { EntryBody } from '../../domain/entry.ts';
import { effectOfSigned, isSignedType, namesWriter } from '../../domain/entry-writer.ts';
import type { Report } from './problem.ts';
import { isWordMissing, statementOf } from './statement-of.ts';
import { objectOf } from './fields.ts';

/** Whether a request for a change is a host's word: no person has signed it, and it comes by a workflow. */
export function isHostVouched(body: EntryBody): boolean {
  const { type, workflowId } = objectOf(body.host);
  const isByWorkflow = typeof type === 'string' && typeof workflowId === 'string';
  return body.type === 'change.requested' && statementOf(body) === null && isByWorkflow;
}

/** Whether an entry bears nobody's word, though a person's, or a process's that signs, should be behind it. */
export function isUnsigned(body: EntryBody): boolean {
  if (isSignedType(body.type)) return !namesWriter(body);
  if (body.type === 'change.requested') return statementOf(body) === null && !isHostVouched(body);
  return isWordMissing(body);
}

/**
 * Whether an entry that an admin's or an approver's word is behind names the key that wrote it. Refusals, reads and exports are
 * only counted: nothing follows from them.
 */
export function judgeWriter(body: EntryBody, report: Report): void {
  const { type } = body;
  if (!isSignedType(type) || namesWriter(body) || effectOfSigned[type] === 'records') return;
  report('writer_missing', `${type} names no key of the API that wrote it`);
}
