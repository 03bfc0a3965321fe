import type { Change, Decision } from '../../domain/change.ts';
import { shownText } from '../../domain/shown-text.ts';
import { factFields, missingText, personText, readBlocks, standingOf, timeLeft } from './change-text.ts';
import type { PresentedLine } from './change-text.ts';
import type { Choice, Question } from './question.ts';
import { actionId, questionOf, questionText } from './question.ts';
import { ownMarkup, plain, quoted, slackDate, slackLink, slackText } from './slack-text.ts';

/** What a message's metadata is called, so that it is found again. */
export const metadataType = 'countersign_change';

/** How many of the last decisions a message shows. */
const shownDecisions = 10;

/** A message as `chat.postMessage` and `chat.update` take it. */
export interface SlackContent {
  /** What a notification shows; no markup in it is read. */
  readonly text: string;
  readonly blocks: readonly object[];
  readonly metadata: {
    readonly event_type: string;
    readonly event_payload: Readonly<Record<string, string>>;
  };
}

/** What a message is made of. */
export interface MessageFacts {
  readonly change: Change;
  /** The subscription that the message is for. */
  readonly subscription: string;
  /** What was read, line by line; null where this process cannot say it so. */
  readonly presented: readonly PresentedLine[] | null;
  /** A page of the change for people; null where there is none. */
  readonly link: string | null;
  /** Which buttons the change's policy lets count; none: the message only tells. */
  readonly choices: readonly Choice[];
  /** Milliseconds since the epoch, from which the time left counts; null leaves it out. */
  readonly now: number | null;
}

/** The `block_id` by which a message is found again where its metadata is not shown to us. */
export function markOf(subscription: string, changeId: string): string {
  return `countersign:${subscription}:${changeId}`;
}

/** The one message of a change, as the change is now. Buttons are in it only while something is to be decided. */
export function messageOf(facts: MessageFacts): SlackContent {
  const { change, subscription, presented, link, choices, now } = facts;
  const { id, operation, target, justification, decisions, breakGlass } = change;
  const headline = `${breakGlass ? 'Break-glass: ' : ''}${standingOf(change)}`;
  const question = questionOf(change);
  const blocks: object[] = [
    { type: 'header', text: plain(`${headline}: ${operation}`, 150) },
    { type: 'section', fields: factFields(change, now) },
    { type: 'section', text: plain(`Why\n${quoted(justification)}`, 1500) },
    ...readBlocks(change, presented),
    ...decisionBlocks(decisions),
    ...outcomeBlocks(change),
  ];
  const asked = question === null ? [] : choices.map((choice) => button(choice, question));
  if (asked.length > 0) blocks.push({ type: 'actions', elements: asked });
  const page = link === null ? null : slackLink(link, 'Open the change');
  const foot = [plain(`Change ${id}`, 100), ...(page === null ? [] : [ownMarkup(page)])];
  blocks.push({ type: 'context', block_id: markOf(subscription, id), elements: foot });
  return {
    text: slackText(`${headline}: ${operation}, ${target.label}`, 300),
    blocks,
    metadata: { event_type: metadataType, event_payload: { change: id, subscription } },
  };
}

/** What reminds of a change. It asks for nothing itself, so it may stay as it is; the change's own message has the buttons. */
export function reminderMessage({
  change,
  link,
  now,
}: Pick<MessageFacts, 'change' | 'link'> & { readonly now: number }): Pick<SlackContent, 'text' | 'blocks'> {
  const { operation, target, missing, decideBy } = change;
  const headline = `Reminder, approval still needed: ${operation}, ${target.label}`;
  const page = link === null ? null : slackLink(link, 'Open the change');
  const until = `Decide by ${slackDate(decideBy)} (${timeLeft(now, Date.parse(decideBy))} when this was written)`;
  return {
    text: slackText(headline, 300),
    blocks: [
      { type: 'section', text: plain(`${headline}\nStill missing: ${missingText(missing)}`, 2000) },
      { type: 'context', elements: [until, page].filter((text) => text !== null).map(ownMarkup) },
    ],
  };
}

/** A second message of the same change, which must not be answered: it names none and has no button. */
export function replacedMessage(): Pick<SlackContent, 'text' | 'blocks'> {
  const text =
    'This message is a repeat. The first message of the change is the one that is kept up to date.';
  return { text, blocks: [{ type: 'section', text: plain(text, 300) }] };
}

function button(choice: Choice, question: Question): object {
  return {
    type: 'button',
    action_id: actionId(choice),
    style: choice === 'approve' ? 'primary' : 'danger',
    // The press only opens a modal that shows what is decided.
    text: plain(choice === 'approve' ? 'Approve…' : 'Reject…', 75),
    value: questionText(question),
  };
}

function decisionBlocks(decisions: readonly Decision[]): object[] {
  const last = decisions.slice(-shownDecisions);
  if (last.length === 0) return [];
  const earlier = decisions.length - last.length;
  const lines = last.map(({ decision, comment, person, counts }) => {
    const verb = decision === 'approve' ? 'approved' : 'rejected';
    const said = comment.trim() === '' ? '' : `: ${cut(comment, 150)}`;
    return `${personText(person)} ${verb}${counts ? '' : ' (no longer counts)'}${said}`;
  });
  const text = [...(earlier > 0 ? [`${earlier} earlier decisions`] : []), ...lines].join('\n');
  return [{ type: 'section', text: plain(text, 2900) }];
}

/** The start of a text, as one line. */
function cut(text: string, most: number): string {
  const line = Array.from(shownText(text.trim().replaceAll(/\s+/g, ' ')));
  return line.length <= most ? line.join('') : `${line.slice(0, most).join('')}…`;
}

function outcomeBlocks({ outcome, reason }: Change): object[] {
  const told = outcome ?? reason;
  if (told === null) return [];
  const { code, message, requestId } = told;
  const lines = [`Outcome: ${shownText(code)}${message === '' ? '' : `. ${shownText(message)}`}`];
  if (requestId !== null) lines.push(`RequestId: ${shownText(requestId)}`);
  return [{ type: 'section', text: plain(lines.join('\n'), 1500) }];
}
