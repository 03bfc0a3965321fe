import type { Change } from './change.ts';
import { CountersignError } from './error.ts';
import type { Person } from './person.ts';
import { samePerson } from './person.ts';
import { isFinal } from './status.ts';

/** What an operator may ask of an execution. */
export type ExecutionAction = 'pause' | 'resume' | 'retry' | 'abandon';

/**
 * Who may withdraw a change, and until when: its requester or an operator, until its call starts.
 *
 * @throws CountersignError `missing_role` (403); `change_closed`, `call_started` (409)
 */
export function judgeWithdrawal(change: Change, person: Person, callStarted: boolean): void {
  if (!samePerson(change.requester, person) && !person.roles.includes('operator')) {
    throw new CountersignError('missing_role', 'a change is withdrawn by its requester or by an operator');
  }
  if (isFinal(change)) throw new CountersignError('change_closed', 'the change has ended');
  if (callStarted || change.executionStatus === 'running') {
    throw new CountersignError('call_started', 'the call has started; an operator may pause or abandon it');
  }
}

/**
 * Whether a break-glass change may take an ordinary one's target from it: until the ordinary one's call starts.
 *
 * @throws CountersignError `open_change_exists` for another break-glass change, `change_closed`, `call_started` (409)
 */
export function judgeTakeover(change: Change, callStarted: boolean): void {
  if (isFinal(change)) throw new CountersignError('change_closed', 'the change has ended');
  if (change.breakGlass) {
    throw new CountersignError('open_change_exists', 'another break-glass change is open on this target');
  }
  if (callStarted || change.executionStatus === 'running') {
    throw new CountersignError('call_started', 'the call of the change on this target has started');
  }
}

/**
 * What the cancellation of its workflow does to a change: it is withdrawn until a call may have been made, abandoned
 * afterwards. Null: it has ended, or its end is decided.
 */
export function judgeCancellation(
  change: Pick<Change, 'decisionStatus' | 'executionStatus' | 'closedAt'>,
  callStarted: boolean,
): 'withdraw' | 'abandon' | null {
  if (isFinal(change) || change.closedAt !== null) return null;
  return callStarted || change.executionStatus === 'running' ? 'abandon' : 'withdraw';
}

/**
 * Whether the revocation of its policy still concerns a change, and whose word it is: an admin's.
 *
 * @throws CountersignError `missing_role` (403); `change_closed` (409)
 */
export function judgeRevocation(change: Change, person: Person): void {
  if (!person.roles.includes('admin')) {
    throw new CountersignError('missing_role', 'a policy is revoked by an admin');
  }
  if (isFinal(change)) throw new CountersignError('change_closed', 'the change has ended');
}

/**
 * What an operator may do to an execution in which state.
 *
 * @param callStarted - whether a call may have been made: a change that waits for approval again after it, since its target has
 *   drifted, may be abandoned, and no longer withdrawn
 * @throws CountersignError `missing_role` (403); `change_closed`, `not_approved`, `not_paused`, `not_running` (409)
 */
export function judgeExecution(
  change: Change,
  action: ExecutionAction,
  person: Person,
  callStarted: boolean,
): void {
  if (!person.roles.includes('operator')) {
    throw new CountersignError(
      'missing_role',
      'pausing, resuming, retrying and abandoning need the role operator',
    );
  }
  if (isFinal(change)) throw new CountersignError('change_closed', 'the change has ended');
  if (action === 'abandon' && callStarted) return;
  if (change.decisionStatus !== 'approved') {
    throw new CountersignError('not_approved', 'the change is not approved, so there is no execution yet');
  }
  const paused = change.executionStatus === 'paused';
  if (action === 'resume' && !paused) throw new CountersignError('not_paused', 'the execution is not paused');
  if (action === 'pause' && paused)
    throw new CountersignError('not_running', 'the execution is paused already');
  if (action === 'retry' && change.executionStatus !== 'running') {
    throw new CountersignError('not_running', 'there is no running execution to retry');
  }
}
