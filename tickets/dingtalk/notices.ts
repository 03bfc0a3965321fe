import type { ErrorCode } from '../../domain/error.ts';
import { isErrorCode, mayHaveTakenEffect } from '../../domain/error.ts';
import type { NoClick } from './click.ts';

/** What whoever clicked is shown on the card, and nobody else. */
export const notices = {
  recorded: 'Your decision was recorded.',
  working: 'Your click has arrived. The card shows what comes of it.',
  unavailable:
    'Nothing was decided: Countersign cannot be reached. Click again in a moment, or open the page.',
  notKnown:
    'It is not known whether your decision was recorded. Look at the card or the page in a minute; clicking again does no harm.',
  busy: 'Nothing was decided: too many clicks at once. Click again in a moment.',
  notUnderstood:
    'Nothing was decided: this button is not understood. Open the page, and tell who made the card.',
} as const;

/** Why a push was no click, for whoever clicked. */
export function noticeOfNoClick(why: NoClick): string {
  switch (why) {
    case 'other_organization':
      return 'Nothing was decided: only members of the organization that this card is for can decide.';
    case 'nothing_asked':
      return 'Nothing was decided: nobody is asked any more. The card shows how the change stands.';
    case 'long_comment':
      return 'Nothing was decided: a comment has at most 2000 characters. Shorten it.';
    case 'malformed':
    case 'other_card':
      return notices.notUnderstood;
  }
}

const noticeOfCode: Readonly<Partial<Record<ErrorCode, string>>> = {
  self_approval: 'you asked for this change, so somebody else has to decide it.',
  not_an_approver: 'you are not among those who may decide it.',
  missing_role: 'you are not among those who may decide it.',
  stronger_authentication_needed: 'its policy asks for a stronger login than a click. Open the page.',
  digest_mismatch: 'the change has moved on since this card was shown. Look at it again.',
  already_decided: 'you have decided it already.',
  not_awaiting_decision: 'nobody is asked any more.',
  change_closed: 'it has ended.',
  decide_by_passed: 'the time to decide is over.',
  policy_revoked: 'its policy was revoked.',
  invalid_request: 'the comment cannot be taken as it is. Shorten it, or leave out unusual characters.',
  comment_required: 'a comment is needed. Write one on the card.',
  unauthenticated: 'Countersign does not trust where this click came from. Tell its operators.',
};

/** Why a click did not count, for whoever clicked. @param code - of the API's answer, or null */
export function noticeOfRefusal(code: string | null, status: number): string {
  const known = isErrorCode(code) ? noticeOfCode[code] : undefined;
  if (known !== undefined) return `Nothing was decided: ${known}`;
  // A failure without a code of ours may be that of something in between, which knows of no outcome.
  if (isErrorCode(code) ? mayHaveTakenEffect(code) : status >= 500) return notices.notKnown;
  if (status >= 500 || status === 429) return notices.unavailable;
  const why = code !== null && /^[a-z_]{1,60}$/.test(code) ? ` (${code.replaceAll('_', ' ')})` : '';
  return `Nothing was decided: your click does not count here${why}. Open the page to decide there.`;
}
