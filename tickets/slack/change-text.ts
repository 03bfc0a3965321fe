import type { Change, MissingSeats } from '../../domain/change.ts';
import { attributedName } from '../../domain/person.ts';
import type { Person } from '../../domain/person.ts';
import { shownJson, shownText } from '../../domain/shown-text.ts';
import { ownMarkup, plain, slackDate } from './slack-text.ts';

/** A line of what was read, for people: of the target, or of the change's ticket. */
export interface PresentedLine {
  readonly label: string;
  readonly value: string;
}

/** Most characters of one section: Slack takes 3000. */
export const longestSection = 2900;

/** How a change stands, in a word or two. */
export function standingOf(change: Change): string {
  const { decisionStatus, executionStatus, reviewStatus, digest } = change;
  switch (decisionStatus) {
    case 'pending':
      if (executionStatus === 'not_started') return digest === null ? 'Being checked' : 'Approval needed';
      return `${executed(executionStatus)}, approval still needed`;
    case 'rejected':
      return 'Rejected';
    case 'expired':
      return 'Expired: nobody decided in time';
    case 'withdrawn':
      return 'Withdrawn';
    case 'refused':
      return 'Refused';
    case 'approved': {
      const review = reviewStatus === 'owed' ? ', review owed' : '';
      return `${executed(executionStatus)}${review}`;
    }
  }
}

function executed(status: Change['executionStatus']): string {
  const words: Readonly<Record<Change['executionStatus'], string>> = {
    not_started: 'Approved',
    scheduled: 'Approved',
    running: 'Running',
    paused: 'Paused',
    succeeded: 'Done',
    partially_succeeded: 'Partly done',
    failed: 'Failed',
    outcome_unknown: 'Outcome unknown',
    cancelled: 'Not carried out',
  };
  return words[status];
}

/** A person: the name for reading, the subject because two may have one name. */
export function personText({ name, subject }: Pick<Person, 'name' | 'subject'>): string {
  return shownText(name === subject ? subject : `${name} (${subject})`);
}

/** Who is still missing in the open stage, and how many stages follow. */
export function missingText(missing: readonly MissingSeats[]): string {
  const stage = missing[0]?.stage;
  const seats = missing
    .filter((one) => one.stage === stage)
    .map(({ group, seats: count, alsoFrom }) => {
      const from = [group, ...alsoFrom].map((name) => name ?? 'any approver');
      return `${count} of ${shownText([...new Set(from)].join(' or '))}`;
    });
  const later = new Set(missing.map((one) => one.stage)).size - 1;
  return `${seats.join(', ')}${later > 0 ? `; then ${later} more ${later === 1 ? 'stage' : 'stages'}` : ''}`;
}

const [minute, hour, day] = [60_000, 3_600_000, 86_400_000] as const;

/** How long it is from one moment to another, in its two largest units. Both in ms. */
export function timeLeft(from: number, until: number): string {
  const ms = until - from;
  if (ms <= 0) return 'no time left';
  const [d, h, m] = [Math.floor(ms / day), Math.floor((ms % day) / hour), Math.floor((ms % hour) / minute)];
  if (d > 0) return `${d} d ${h} h left`;
  return h > 0 ? `${h} h ${m} min left` : `${m} min left`;
}

/** The first characters of a digest: enough for people to compare. */
export function shortDigest(digest: string): string {
  return digest.slice(0, 12);
}

/**
 * What is asked, as fields of a section: what, of which target, by whom, under which policy, who is missing, until when.
 *
 * @param now - milliseconds since the epoch, from which the time left counts; null leaves it out
 */
export function factFields(change: Change, now: number | null) {
  const { operation, target, requester, policy, digest, round, ticket, missing } = change;
  const { decisionStatus, decideBy, executeBy } = change;
  const isPending = decisionStatus === 'pending';
  const until = isPending ? decideBy : executeBy;
  const named: (readonly [string, string])[] = [
    ['Operation', operation],
    [
      'Target',
      target.label === target.id
        ? shownText(target.id)
        : `${shownText(target.label)}\n${shownText(target.id)}`,
    ],
    ['Asked by', shownText(attributedName({ ...requester, name: personText(requester) }))],
    ['Policy', shownText(`${policy.name}, version ${policy.version}`)],
  ];
  if (digest !== null) named.push(['Digest', `${shortDigest(digest)}, round ${round}`]);
  if (ticket !== null) named.push(['Ticket', shownText(`${ticket.system} ${ticket.id}`)]);
  if (isPending && missing.length > 0) named.push(['Still missing', missingText(missing)]);
  const fields: (ReturnType<typeof plain> | ReturnType<typeof ownMarkup>)[] = named.map(([name, value]) =>
    plain(`${name}\n${value}`, 1000),
  );
  if (until !== null && change.closedAt === null && change.outcome === null) {
    const left = now === null ? '' : ` (${timeLeft(now, Date.parse(until))} when this was written)`;
    fields.push(ownMarkup(`${isPending ? 'Decide by' : 'Carried out by'}\n${slackDate(until)}${left}`));
  }
  return fields;
}

/**
 * What was read of the target, which is a part of what is decided on. Where this process cannot say it in lines for people, it
 * is the snapshot as it is: nobody shall decide on what they are not shown.
 */
export function readBlocks(change: Change, presented: readonly PresentedLine[] | null): object[] {
  const text = readText(change, presented);
  return text === null ? [] : [{ type: 'section', text: plain(text, longestSection) }];
}

/** The text of {@link readBlocks}; null where nothing was read. */
export function readText({ snapshot }: Change, presented: readonly PresentedLine[] | null): string | null {
  const lines = presented?.map(({ label, value }) => shownText(`${label}: ${value}`)) ?? [];
  if (presented === null && snapshot !== null) lines.push(shownJson(snapshot));
  return lines.length === 0 ? null : `What was read\n${lines.join('\n')}`;
}
