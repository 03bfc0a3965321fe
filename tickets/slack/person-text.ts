import type { ErrorCode } from '../../domain/error.ts';
import { isErrorCode, mayHaveTakenEffect } from '../../domain/error.ts';
import type { JsonObject } from '../../domain/json.ts';
import { toldView } from './modal.ts';
import type { Choice } from './question.ts';
import { commentInput } from './question.ts';

/** Why something that a person did in Slack has no effect: a code of ours, or one that only concerns channels. */
export type SlackRefusal =
  | ErrorCode
  | 'account_not_mapped'
  | 'channel_not_allowed'
  | 'reject_only'
  | 'old_round'
  | 'too_late'
  | 'too_long';

/** What is missing, and what the person can do. No text names anything of a change: who reads it may not know of it. */
const texts: Partial<Record<SlackRefusal, string>> = {
  account_not_mapped:
    'Your Slack account is not linked to a person here, so it decides nothing. An admin can add it to the directory.',
  channel_not_allowed:
    'The policy of this change does not take this decision from Slack. Decide with the command line or the API.',
  reject_only: 'From Slack this change can only be rejected. Approve it with the command line or the API.',
  old_round:
    'The change has moved on since this was shown, so your decision would be for something else. Look at the message again.',
  digest_mismatch:
    'The change has moved on since this was shown, so your decision would be for something else. Look at the message again.',
  too_late: 'Slack lets a window open for 3 seconds only, and this took longer. Press the button again.',
  too_long:
    'Slack cannot show all of this change, so it can only be rejected here. Approve it with the command line or the API.',
  self_approval: 'You asked for this change, or act for somebody who did, so you do not decide it.',
  missing_role: 'You do not have the role approver.',
  not_an_approver: 'The change does not await a decision of a group that you are in.',
  forbidden: 'You may not decide this change.',
  not_found: 'There is no such change, or you may not see it.',
  already_decided: 'This has been decided already.',
  change_closed: 'The change has ended.',
  not_awaiting_decision: 'The change does not await a decision now.',
  decide_by_passed: 'The time to decide this change is over.',
  too_many_changes_of_mind: 'You have taken back your decision too often to make another one.',
  comment_required: 'The policy of this change asks for a comment.',
  invalid_request: 'The comment cannot be taken as it is. Shorten it, or leave out unusual characters.',
  stronger_authentication_needed:
    'The policy of this change asks for a stronger login than Slack has. Decide with the command line or the API.',
  stored_change_differs:
    'What is stored of this change is not what was asked for, so it cannot be decided. Tell the operators of Countersign.',
  policy_revoked: 'The policy of this change has been revoked.',
  rate_limited: 'Too many requests. Try again in a minute.',
};

const notKnown =
  'It is not known whether your decision was recorded. Look at the message again in a minute; sending it again does no harm.';

const unavailable =
  'Countersign cannot record decisions right now, and yours is not recorded. Try again in a few minutes.';

/** What a person is told whose press or decision has no effect, or may have one. */
export function refusalText(code: SlackRefusal): string {
  return isUnknown(code) ? notKnown : (texts[code] ?? unavailable);
}

/** Whether the decision may stand all the same. */
function isUnknown(code: SlackRefusal): boolean {
  return isErrorCode(code) && mayHaveTakenEffect(code);
}

/** What a person is told whose decision was recorded. @param action - what they decided */
export function recordedText(action: Choice): string {
  return `Your ${action === 'approve' ? 'approval' : 'rejection'} was recorded.`;
}

/** The HTTP body that answers a modal's sending off when its decision was recorded. */
export function recordedAnswer(action: Choice): JsonObject {
  return { response_action: 'update', view: toldView('Recorded', recordedText(action)) };
}

/** The same when it is not known in time what becomes of the decision. */
export function pendingAnswer(): JsonObject {
  const text =
    'Your decision is on its way. You will be told here what became of it, and the message will show it.';
  return { response_action: 'update', view: toldView('On its way', text) };
}

/**
 * The HTTP body that answers a modal's sending off when its decision was refused. What the person can mend is told beside the
 * comment and the modal stays open; anything else takes its place.
 */
export function refusedAnswer(code: SlackRefusal): JsonObject {
  if (code === 'comment_required' || code === 'invalid_request') {
    return { response_action: 'errors', errors: { [commentInput.block]: refusalText(code) } };
  }
  const title = isUnknown(code) ? 'Not known' : 'Not recorded';
  return { response_action: 'update', view: toldView(title, refusalText(code)) };
}
