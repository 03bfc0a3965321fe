import { isSysId, valueOf } from './row.ts';
import type { Row } from './row.ts';

/** Fields to ask of sysapproval_approver for {@link approvalsIn}. */
export const approvalFields = [
  'sys_id',
  'sysapproval',
  'approver',
  'approver.user_name',
  'state',
  'sys_updated_by',
  'sys_updated_on',
] as const;

/** A decision that an approver made in ServiceNow. */
export interface ServiceNowApproval {
  /** The sys_id of the approval's record. */
  readonly id: string;
  /** The sys_id of the approver's account. */
  readonly approver: string;
  readonly decision: 'approve' | 'reject';
  /** When, `YYYY-MM-DD HH:MM:SS` in UTC. */
  readonly at: string;
}

/**
 * The decisions on a ticket that its approvers made themselves. A record that somebody else wrote last, a delegate or an
 * administrator, says nothing of what the approver wants and does not count; nor does one whose writer is not seen.
 *
 * @param ticket - the ticket's sys_id: a query's term may have been left out, so other tickets' rows are passed over
 */
export function approvalsIn(rows: readonly Row[], ticket: string): ServiceNowApproval[] {
  return rows.flatMap((row) => {
    const id = valueOf(row, 'sys_id') ?? '';
    const approver = valueOf(row, 'approver') ?? '';
    const userName = valueOf(row, 'approver.user_name') ?? '';
    const state = valueOf(row, 'state');
    const decision = state === 'approved' ? 'approve' : state === 'rejected' ? 'reject' : null;
    const isOwn = userName !== '' && valueOf(row, 'sys_updated_by') === userName;
    if (decision === null || !isOwn || valueOf(row, 'sysapproval') !== ticket) return [];
    if (!isSysId(id) || !isSysId(approver)) return [];
    return [{ id, approver, decision, at: valueOf(row, 'sys_updated_on') ?? '' } as const];
  });
}
