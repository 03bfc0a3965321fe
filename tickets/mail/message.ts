import { createHash } from 'node:crypto';
import { factsOf, headline } from '../change-facts.ts';
import type { Milestone } from '../milestone.ts';

/** A mail as it is given to the mail server. */
export interface Mail {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** With its angle brackets, as the next ones. */
  readonly messageId: string;
  readonly inReplyTo: string;
  readonly references: readonly string[];
}

/** What of a mail depends on where it is sent from and to. */
export interface MailPlace {
  readonly subscription: string;
  /** The domain of its sender, for Message-ID. */
  readonly domain: string;
  /** A page that shows the change; null where none is known. */
  readonly url: string | null;
  /** Ms since the epoch. */
  readonly now: number;
}

/**
 * The mail of one milestone. Its Message-ID is made of the entry's key, so a repeat is known as one; all mails of a change
 * refer to one another and are one thread.
 *
 * @param thread - the milestones of the change before it, in order
 */
export function mailOf(
  { kind, key, change }: Milestone,
  thread: readonly Milestone[],
  place: MailPlace,
): Mail {
  const { url, now } = place;
  const title = headline(kind, change);
  const facts = factsOf(change, now);
  const idOf = (of: string) => messageIdOf(of, place);
  // No mail has the first id: what is referred to need not exist, and so the first mail belongs to the thread as well.
  const root = idOf(`change ${change.id}`);
  const references = [root, ...thread.map((before) => idOf(before.key))].slice(-20);
  const opening = url === null ? [] : [`Open: ${url}`, ''];
  return {
    subject: title,
    text: [title, '', ...opening, ...facts.map(({ label, text }) => `${label}: ${text}`), '', footer].join(
      '\n',
    ),
    html: [
      '<!doctype html><html lang="en"><body style="font-family:sans-serif">',
      `<h2>${escaped(title)}</h2>`,
      ...(url === null ? [] : [`<p><a href="${escaped(url)}">Open</a></p>`]),
      '<table>',
      ...facts.map(
        ({ label, text }) => `<tr><th align="left">${escaped(label)}</th><td>${escaped(text)}</td></tr>`,
      ),
      '</table>',
      `<p><small>${escaped(footer)}</small></p></body></html>`,
    ].join('\n'),
    messageId: idOf(key),
    inReplyTo: references.at(-1) ?? root,
    references,
  };
}

const footer = 'Opening the link decides nothing. A reply to this mail is read by nobody.';

/** The address in a sender such as `Countersign <noreply@example.com>`, or the text itself. */
export function domainOf(from: string): string {
  const domain = /@([A-Za-z0-9.-]{1,253})>?\s*$/.exec(from)?.[1];
  return domain?.toLowerCase() ?? 'countersign.invalid';
}

function messageIdOf(of: string, { subscription, domain }: MailPlace): string {
  const hash = createHash('sha256').update(`${subscription}\n${of}`).digest('hex').slice(0, 40);
  return `<${hash}@${domain}>`;
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
