import { shownLines } from '../../domain/shown-text.ts';

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/**
 * People's text as Slack may have it: characters that cannot be seen become escapes, and `&`, `<`, `>` too, so that no part of
 * it is a mention, a link or a date to Slack. Longer text is cut, never within an escape.
 *
 * @param most - UTF-16 units that the answer has at most, from 1
 */
export function slackText(text: string, most: number): string {
  const whole = shownLines(text).join('\n');
  let made = '';
  let kept = '';
  for (const character of whole) {
    made += escapes[character] ?? character;
    // Room for the sign that says that something is missing.
    if (made.length <= most - 1) kept = made;
    if (made.length > most) return `${kept}…`;
  }
  return made;
}

/** Whether {@link slackText} cuts nothing off. */
export function fits(text: string, most: number): boolean {
  return slackText(text, Infinity).length <= most;
}

/** A text object in which Slack reads no markup at all. Empty text, which Slack refuses, is a dash. */
export function plain(text: string, most: number) {
  const said = slackText(text, most);
  return { type: 'plain_text', text: said.trim() === '' ? '–' : said, emoji: false } as const;
}

/** People's text with a sign before each of its lines, so that none of them can be taken for a line of ours. */
export function quoted(text: string): string {
  return shownLines(text.trim())
    .map((line) => `> ${line}`)
    .join('\n');
}

/** A text object of our own words, in which dates and links of ours work. Nothing of people's belongs in it. */
export function ownMarkup(text: string) {
  return { type: 'mrkdwn', text, verbatim: true } as const;
}

/** A moment as each reader's Slack shows it. @param at - ISO 8601 */
export function slackDate(at: string): string {
  return `<!date^${Math.floor(Date.parse(at) / 1000)}^{date_short_pretty} {time}|${at.slice(0, 16)}Z>`;
}

/** A link to a page of ours; null where the address would break out of the markup. */
export function slackLink(url: string, text: string): string | null {
  if (!URL.canParse(url)) return null;
  const { href, protocol } = new URL(url);
  const isSafe = (protocol === 'https:' || protocol === 'http:') && !/[<>|\s]/.test(href);
  return isSafe ? `<${href.replaceAll('&', '&amp;')}|${text}>` : null;
}
