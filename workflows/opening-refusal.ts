import { ApplicationFailure } from '@temporalio/workflow';
import type { OpenedResult } from '../activities/contract.ts';

/** Why a change was not opened; null where it was, or had been. */
export function refusalOf(opened: OpenedResult, changeId: string): ApplicationFailure | null {
  switch (opened.kind) {
    case 'opened':
    case 'known':
      return null;
    case 'refused':
      return failure(opened.code, opened.message, changeId);
    case 'invalid':
      return failure(opened.code ?? 'invalid_request', opened.message, changeId);
    case 'policy_revoked':
      return failure('policy_revoked', 'the policy was revoked', changeId);
    case 'review_owed':
      return failure(
        'review_owed',
        `change ${opened.changeId} is a break-glass change of the same person whose review is not signed yet`,
        opened.changeId,
      );
    case 'target_taken':
      return failure(
        'open_change_exists',
        `change ${opened.changeId} is open on this target`,
        opened.changeId,
      );
    case 'ticket_taken':
      return failure('ticket_taken', `change ${opened.changeId} is open under this ticket`, opened.changeId);
    case 'key_reused':
      return failure(
        'key_reused',
        `the key belongs to change ${opened.changeId}, with another body`,
        opened.changeId,
      );
  }
}

/** The key is that of another change. */
export function keyOfOther({ changeId }: { readonly changeId: string }): ApplicationFailure {
  return failure('key_reused', `the key belongs to change ${changeId}`, changeId);
}

/** A failure of a change's opening. @param changeId - the change that is in the way, or its own */
export function failure(code: string, message: string, changeId: string): ApplicationFailure {
  return ApplicationFailure.create({ type: code, message, nonRetryable: true, details: [{ changeId }] });
}
