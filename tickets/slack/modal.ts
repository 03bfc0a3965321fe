import type { Change } from '../../domain/change.ts';
import type { JsonObject } from '../../domain/json.ts';
import { shownJson, shownText } from '../../domain/shown-text.ts';
import { factFields, longestSection, readBlocks, readText } from './change-text.ts';
import type { PresentedLine } from './change-text.ts';
import type { Choice, Question } from './question.ts';
import { commentInput, keptText, modalName } from './question.ts';
import { fits, plain, quoted } from './slack-text.ts';

/** Most characters of a comment, as the API takes it. */
const longestComment = 2000;

/** What the modal is made of. */
export interface ModalFacts {
  readonly change: Change;
  /** What was read, line by line; null where this process cannot say it so. */
  readonly presented: readonly PresentedLine[] | null;
  readonly choice: Choice;
  readonly question: Question;
  /** Where the person can be told something afterwards. */
  readonly responseUrl: string | null;
  /** Milliseconds since the epoch, from which the time left counts. */
  readonly now: number;
}

/**
 * The modal in which a person decides. It shows the change as our own store has it, not as the pressed message had it: whoever
 * can post as the app can put a button of ours under any text, and here the person sees what it is about.
 */
export function modalOf(facts: ModalFacts): object {
  const { change, presented, choice, question, responseUrl, now } = facts;
  const { justification, policy, target, input } = change;
  const { commentRequired } = policy;
  const needsComment = commentRequired === 'always' || (commentRequired === 'reject' && choice === 'reject');
  const verb = choice === 'approve' ? 'Approve' : 'Reject';
  return {
    type: 'modal',
    callback_id: modalName,
    private_metadata: keptText(question, choice, responseUrl),
    title: plain(`${verb} a change`, 24),
    submit: plain(verb, 24),
    close: plain('Cancel', 24),
    blocks: [
      {
        type: 'section',
        text: plain(`You ${choice} ${change.operation} of ${shownText(target.label)}.`, 1000),
      },
      { type: 'section', fields: factFields(change, now) },
      { type: 'section', text: plain(whyText(justification), longestSection) },
      { type: 'section', text: plain(inputText(input), longestSection) },
      ...readBlocks(change, presented),
      { type: 'section', text: plain(`What you decide on has the digest ${question.digest}`, 200) },
      {
        type: 'input',
        block_id: commentInput.block,
        optional: !needsComment,
        label: plain('Comment', 24),
        element: {
          type: 'plain_text_input',
          action_id: commentInput.action,
          multiline: true,
          max_length: longestComment,
        },
      },
    ],
  };
}

/** Whether the modal shows all of what is decided on: whoever approves must have seen it. */
export function showsAll(change: Change, presented: readonly PresentedLine[] | null): boolean {
  const texts = [whyText(change.justification), inputText(change.input), readText(change, presented) ?? ''];
  return texts.every((text) => fits(text, longestSection));
}

function whyText(justification: string): string {
  return `Why\n${quoted(justification)}`;
}

function inputText(input: Change['input']): string {
  return `Input\n${shownJson(input)}`;
}

/** What a modal becomes when it has been sent off: a text, and nothing more to press. */
export function toldView(title: string, text: string): JsonObject {
  return {
    type: 'modal',
    title: plain(title, 24),
    close: plain('Close', 24),
    blocks: [{ type: 'section', text: plain(text, 2000) }],
  };
}
