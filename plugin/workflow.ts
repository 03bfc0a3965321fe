export { requireApproval } from '../workflows/require-approval.ts';
export { CallStarted, changeOf, NotApproved, NotExecuted, OutcomeUnknown } from '../workflows/approval.ts';
export type { Approval, Approved } from '../workflows/approval.ts';
export type { OperationType } from '../operations/operation.ts';
export type { ApprovalOptions } from '../workflows/host-request.ts';
