import type { Change } from '../../domain/change.ts';
import type { PresentedLine } from './change-text.ts';
import { modalOf, showsAll } from './modal.ts';
import type { SlackRefusal } from './person-text.ts';
import { refusalText } from './person-text.ts';
import type { SlackPress } from './press.ts';
import type { Choice } from './question.ts';
import { questionOf, sameQuestion } from './question.ts';
import { tellPerson } from './respond.ts';
import { slackCaller, slackError } from './web-api.ts';

/** What a modal is opened with. */
export interface OpenModal {
  readonly press: SlackPress;
  /** The change as our own store has it now; null where there is none. */
  readonly change: Change | null;
  /** What was read, line by line; null where this process cannot say it so. */
  readonly presented: readonly PresentedLine[] | null;
  /** Which decisions from Slack count under the change's policy; none where it does not name this channel. */
  readonly choices: readonly Choice[];
  /** Slack's address, as the settings have it. */
  readonly url: string;
  /** The app's bot token. */
  readonly token: string;
  readonly fetch: typeof fetch;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly signal: AbortSignal;
}

/**
 * Why a press opens nothing; null when it opens the modal. It looks at what is to be decided and not at who pressed: that is
 * judged when the decision comes.
 */
export function refusalOfPress(
  { action, changeId, round, digest }: SlackPress,
  change: Change | null,
  choices: readonly Choice[],
): SlackRefusal | null {
  if (change?.id !== changeId) return 'not_found';
  const asked = questionOf(change);
  if (asked === null)
    return change.decisionStatus === 'pending' ? 'not_awaiting_decision' : 'already_decided';
  if (!sameQuestion(asked, { changeId, round, digest })) return 'old_round';
  if (choices.includes(action)) return null;
  return choices.length === 0 ? 'channel_not_allowed' : 'reject_only';
}

/**
 * Opens the modal in which a person decides, within the 3 s that Slack allows; a press that opens none is answered to the
 * person alone.
 *
 * @returns `opened`, or why not
 * @throws RemoteError where Slack could not be reached, or refused for another cause than the press's age
 */
export async function openModal(given: OpenModal): Promise<'opened' | SlackRefusal> {
  const { press, change, presented, choices, url, token, fetch, now, signal } = given;
  const refusal = refusalOfPress(press, change, choices);
  if (refusal !== null) return await told(refusal, given);
  const { triggerId, responseUrl, action: choice } = press;
  if (change === null || triggerId === null) return await told('too_late', given);
  if (choice === 'approve' && !showsAll(change, presented)) return await told('too_long', given);
  const view = modalOf({ change, presented, choice, question: press, responseUrl, now });
  // A longer wait is no use: the press is good for 3 s.
  const call = slackCaller({ url, token, fetch, timeoutMs: 3000 });
  const answer = await call('views.open', { trigger_id: triggerId, view }, signal);
  // Exchanged: another process has opened it for this press.
  if (answer.ok || answer.error === 'exchanged_trigger_id') return 'opened';
  if (['expired_trigger_id', 'trigger_expired', 'invalid_trigger_id'].includes(answer.error)) {
    return await told('too_late', given);
  }
  throw slackError('views.open', answer.error);
}

async function told(refusal: SlackRefusal, { press, url, fetch, signal }: OpenModal): Promise<SlackRefusal> {
  const { responseUrl } = press;
  if (responseUrl !== null) {
    await tellPerson({ responseUrl, slackUrl: url, text: refusalText(refusal), fetch, signal });
  }
  return refusal;
}
