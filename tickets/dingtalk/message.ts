import { createHash } from 'node:crypto';
import type { Change } from '../../domain/change.ts';
import { shownJson } from '../../domain/shown-text.ts';
import { factsOf, headline, standingOf } from '../change-facts.ts';
import type { Milestone } from '../milestone.ts';
import type { DingTalkClick } from './click.ts';

/** What a robot sends: a card with one link or, where no address is known, Markdown alone. It has no other buttons. */
export type RobotMessage = {
  /** The same message again has the same. */
  readonly msgUuid: string;
} & (
  | {
      readonly msgtype: 'actionCard';
      readonly actionCard: {
        readonly title: string;
        readonly text: string;
        readonly singleTitle: string;
        readonly singleURL: string;
      };
    }
  | {
      readonly msgtype: 'markdown';
      readonly markdown: { readonly title: string; readonly text: string };
      readonly at: { readonly isAtAll: false };
    }
);

/** The variables of the card template, all of them text: see docs/dingtalk.md. */
export interface CardParameters {
  readonly title: string;
  readonly status: string;
  /** Markdown. */
  readonly text: string;
  readonly url: string;
  /** `true` while the button is to be seen. */
  readonly canApprove: 'true' | 'false';
  readonly canReject: 'true' | 'false';
  /** What a button sends back; empty when none is left, so that one that is still seen somewhere asks for nothing. */
  readonly changeId: string;
  readonly round: string;
  readonly digest: string;
}

const lookalikes: Readonly<Record<string, string>> = {
  ...{ '[': '［', ']': '］', '<': '＜', '>': '＞', '`': '｀', '*': '＊', '#': '＃', '~': '～', '|': '｜' },
  ...{ '\\': '＼', '&': '＆', '!': '！', '@': '＠' },
};

/**
 * Words of others as Markdown that shows them and does nothing. DingTalk says nowhere that a backslash escapes, so the
 * characters that Markdown, HTML and mentions are made of become their full-width forms; an underscore within a word stays.
 */
export function plainMarkdown(text: string): string {
  return text
    .replaceAll(/[[\]<>`*#~|\\&!@]/g, (character) => lookalikes[character] ?? character)
    .replaceAll(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, '＿');
}

/** What is told of a change, as Markdown. @param now - ms since the epoch */
export function changeMarkdown(change: Change, now: number): string {
  return factsOf(change, now)
    .map(({ label, text }) => `- **${plainMarkdown(label)}**: ${plainMarkdown(text)}`)
    .join('\n');
}

/** The robot's message of one milestone. @param url - a page that shows the change; null: none is known */
export function robotMessage(
  { kind, key, change }: Milestone,
  {
    subscription,
    url,
    now,
  }: { readonly subscription: string; readonly url: string | null; readonly now: number },
): RobotMessage {
  const title = plainMarkdown(headline(kind, change));
  const text = `#### ${title}\n\n${changeMarkdown(change, now)}`;
  const msgUuid = createHash('sha256').update(`${subscription}\n${key}`).digest('hex').slice(0, 32);
  return url === null
    ? { msgUuid, msgtype: 'markdown', markdown: { title, text }, at: { isAtAll: false } }
    : { msgUuid, msgtype: 'actionCard', actionCard: { title, text, singleTitle: 'Open', singleURL: url } };
}

/** What a button of a card does. */
export type Choice = DingTalkClick['action'];

/** What the card of a change shows now. @param choices - which buttons count under the change's policy */
export function cardParameters(
  change: Change,
  {
    url,
    now,
    choices,
  }: { readonly url: string | null; readonly now: number; readonly choices: readonly Choice[] },
): CardParameters {
  const { id, round, digest } = change;
  const isAsking =
    change.decisionStatus === 'pending' &&
    change.missing.length > 0 &&
    change.reason === null &&
    change.closedAt === null;
  const isAnswered = isAsking && choices.length > 0;
  const asked = isAnswered && digest !== null ? { changeId: id, round: String(round), digest } : null;
  const { lines, isWhole } = decidedOn(change);
  const can = (choice: Choice) =>
    asked !== null && choices.includes(choice) && (choice === 'reject' || isWhole) ? 'true' : 'false';
  return {
    title: plainMarkdown(headlineOf(change)),
    status: plainMarkdown(standingOf(change)),
    text: [changeMarkdown(change, now), ...(asked === null ? [] : lines)].join('\n'),
    url: url ?? '',
    canApprove: can('approve'),
    canReject: can('reject'),
    ...(asked ?? { changeId: '', round: '', digest: '' }),
  };
}

/** Most UTF-16 units of each text that is decided on; `factsOf` cuts a justification that is longer. */
const longestShown = 1000;

/** What is decided on beside what everybody is told, and whether the card shows all of it: who approves must have seen it. */
function decidedOn({ input, snapshot, justification }: Change): {
  readonly lines: readonly string[];
  readonly isWhole: boolean;
} {
  const texts: (readonly [string, string])[] = [
    ['Input', shownJson(input)],
    ['All that was read', shownJson(snapshot)],
  ];
  const lines = texts
    .filter(([, json]) => json.length <= longestShown)
    .map(([label, json]) => `- **${label}**: ${plainMarkdown(json)}`);
  const isWhole = lines.length === texts.length && justification.length <= longestShown;
  const isCut = '- This card cannot show all of the change: approve it on the page or with the command line.';
  return { lines: isWhole ? lines : [...lines, isCut], isWhole };
}

/** What reminds of a change: a card without buttons. That of the change itself has them. */
export function reminderParameters(
  change: Change,
  place: { readonly url: string | null; readonly now: number },
): CardParameters {
  return {
    ...cardParameters(change, { ...place, choices: [] }),
    title: plainMarkdown(headline('reminder', change)),
  };
}

function headlineOf(change: Change): string {
  if (change.closedAt !== null) return headline('closed', change);
  if (change.decisionStatus === 'pending') return headline('awaiting_decision', change);
  return headline(change.breakGlass ? 'break_glass' : 'decided', change);
}

/**
 * The card's id, which is ours to choose: the same for the same change and subscription, so a repeat makes no second card.
 * At most 64 characters of `[A-Za-z0-9-]`.
 */
export function outTrackIdOf(changeId: string, subscription: string): string {
  const of = createHash('sha256').update(subscription).digest('hex').slice(0, 12);
  return `cs-${changeId}-${of}`;
}

/** The id of a reminder's card, likewise: one for each reminder. @param key - that of its entry */
export function reminderIdOf(subscription: string, key: string): string {
  return `csr-${createHash('sha256').update(`${subscription}\n${key}`).digest('hex').slice(0, 40)}`;
}
