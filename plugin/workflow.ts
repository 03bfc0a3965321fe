export { requireApproval } from '../workflows/require-approval.ts';
export type { ApprovalRequest } from '../workflows/require-approval.ts';
