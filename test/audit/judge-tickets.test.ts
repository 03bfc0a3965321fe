import { describe, expect, test } from 'vitest';
import { follow } from '../../audit/verify/follow-change.ts';
import type { EntryBody } from '../../domain/entry.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import type { JsonObject } from '../../domain/json.ts';
import { oldestTicketMs } from '../../domain/ticket-gate.ts';
import type { TicketPoint } from '../../domain/ticket-gate.ts';
import { shownTicket, ticketMembers } from '../../domain/ticket-read.ts';
import type { TicketRead } from '../../domain/ticket-read.ts';
import { ticketRead, ticketRule } from '../support/ticket.ts';
import { changeStory, policyOf } from './change-story.ts';
import type { ChangeStory } from './change-story.ts';
import { judged } from './judged.ts';

const policy = { ...fourEyes, ticket: ticketRule({ states: ['Scheduled'] }) };
const closed = { state: 'Done', phase: 'done' } as const;

/** What was read of the ticket, and what it was judged to be. */
function checked(
  s: ChangeStory,
  verdict: string | null = null,
  read: Partial<TicketRead> | null = {},
  point: TicketPoint = 'before_call',
  ageMs = 0,
): EntryBody {
  const at = new Date(Date.parse(s.requested().time) - ageMs).toISOString();
  const members = read && ticketMembers(shownTicket(ticketRead(read), at));
  return s.entry('ticket.checked', { point, read: members, verdict, message: null, until: null });
}
const shown = (s: ChangeStory) => checked(s, null, {}, 'precheck');
const approved = (s: ChangeStory) => [s.requested(), shown(s), s.prechecked(), s.approved(), s.scheduled()];

describe('a ticket that was read before each call', () => {
  test.each<[string, (s: ChangeStory) => EntryBody[], string[]]>([
    ['once', (s) => [...approved(s), checked(s), s.started(), s.ended('succeeded'), s.closed()], []],
    [
      'again for the second attempt',
      (s) => [
        ...approved(s),
        checked(s),
        s.started(1),
        s.ended('failed'),
        checked(s),
        s.started(2),
        s.ended('failed', 2),
      ],
      [],
    ],
    [
      'closed, and open again',
      (s) => [...approved(s), checked(s, 'ticket_closed', closed), checked(s), s.started()],
      [],
    ],
    [
      'refused before people were asked',
      (s) => [
        s.requested(),
        checked(s, 'ticket_closed', closed, 'precheck'),
        s.entry('change.refused'),
        s.closed('refused', 'not_started'),
      ],
      [],
    ],
    [
      'that another change has',
      (s) => [
        s.requested(),
        checked(s, 'ticket_taken', {}, 'precheck'),
        s.entry('change.refused'),
        s.closed('refused', 'not_started'),
      ],
      [],
    ],
    [
      'and could not be read before people were asked',
      (s) => [s.requested(), checked(s, 'ticket_unreachable', null, 'precheck'), shown(s), s.prechecked()],
      [],
    ],
    [
      'and is said not to have been read before people were asked',
      (s) => [s.requested(), checked(s, 'ticket_unreachable', {}, 'precheck'), shown(s), s.prechecked()],
      ['ticket_misjudged'],
    ],
    [
      'and could not be read in between',
      (s) => [...approved(s), checked(s, 'ticket_unreachable', null), checked(s), s.started()],
      [],
    ],
    [
      'and could not be read since',
      (s) => [...approved(s), checked(s), checked(s, 'ticket_unreachable', null), s.started()],
      ['ticket_not_checked'],
    ],
    [
      'and is said not to have been read',
      (s) => [...approved(s), checked(s, 'ticket_unreachable'), checked(s), s.started()],
      ['ticket_misjudged'],
    ],
    [
      'a moment ago',
      (s) => [...approved(s), checked(s, null, {}, 'before_call', oldestTicketMs - 10_000), s.started()],
      [],
    ],
    [
      'too long ago',
      (s) => [...approved(s), checked(s, null, {}, 'before_call', oldestTicketMs + 1), s.started()],
      ['ticket_not_checked'],
    ],
    [
      'before the approval only',
      (s) => [s.requested(), shown(s), s.prechecked(), checked(s), s.approved(), s.scheduled(), s.started()],
      ['ticket_not_checked'],
    ],
    [
      'before the call only',
      (s) => [s.requested(), s.prechecked(), s.approved(), s.scheduled(), checked(s), s.started()],
      ['ticket_not_checked'],
    ],
    [
      'before the first round only',
      (s) => [...approved(s), s.entry('change.drifted'), s.prechecked(2)],
      ['ticket_not_checked'],
    ],
    ['not before the call', (s) => [...approved(s), s.started()], ['ticket_not_checked']],
    [
      'not before the second attempt',
      (s) => [...approved(s), checked(s), s.started(1), s.ended('failed'), s.started(2)],
      ['ticket_not_checked'],
    ],
    [
      'before the first attempt ended only',
      (s) => [...approved(s), checked(s), s.started(1), checked(s), s.ended('failed'), s.started(2)],
      ['ticket_not_checked'],
    ],
    [
      'and refused since',
      (s) => [...approved(s), checked(s), checked(s, 'ticket_closed', closed), s.started()],
      ['ticket_not_checked'],
    ],
    [
      'closed, and judged right',
      (s) => [...approved(s), checked(s, null, closed), s.started()],
      ['ticket_misjudged'],
    ],
    ['right, and judged closed', (s) => [...approved(s), checked(s, 'ticket_closed')], ['ticket_misjudged']],
    ['not there, and judged right', (s) => [...approved(s), checked(s, null, null)], ['ticket_misjudged']],
    [
      'that another change has, right before the call',
      (s) => [...approved(s), checked(s, 'ticket_taken')],
      ['ticket_misjudged'],
    ],
    [
      'and was another ticket than people were shown',
      (s) => [...approved(s), checked(s, null, { id: '10002' }), s.started()],
      ['ticket_differs'],
    ],
    ['under another name', (s) => [...approved(s), checked(s, null, { key: 'NEW-1' }), s.started()], []],
  ])('%s', (_what, entries, codes) => {
    expect(judged(entries(changeStory({ policy })))).toEqual(codes);
  });

  test('of a change whose policy asks for none, nothing is judged', () => {
    const s = changeStory();
    expect(
      judged([s.requested(), s.prechecked(), s.approved(), s.scheduled(), checked(s, 'x'), s.started()]),
    ).toEqual([]);
  });

  test('of a change that is seen from the middle on, nothing is missed', () => {
    const s = changeStory({ policy });
    expect(judged(approved(s).slice(3).concat(s.started()), false)).toEqual([]);
  });

  test('where none is needed and none is named, none is read', () => {
    const optional = { ...fourEyes, ticket: ticketRule({ required: false }) };
    const s = changeStory({ policy: optional });
    expect(judged([s.requested(), s.prechecked(), s.approved(), s.scheduled(), s.started()])).toEqual([]);
  });

  test.each<[string, JsonObject]>([
    ['no point', { point: 'some day', read: null }],
    [
      'no text for its id',
      { point: 'before_call', read: { ...ticketMembers(shownTicket(ticketRead(), '')), id: 7 } },
    ],
    [
      'no way of writing times',
      {
        point: 'before_call',
        read: { ...ticketMembers(shownTicket(ticketRead(), '')), times: 'local' },
      },
    ],
    [
      'no fields',
      { point: 'before_call', read: { ...ticketMembers(shownTicket(ticketRead(), '')), fields: null } },
    ],
    ['nothing', { point: 'before_call', read: {} }],
  ])('with %s it is no entry of this type', (_what, members) => {
    const s = changeStory({ policy });
    const { record } = follow(null, s.requested(), true, policyOf(s.requested()));
    expect(() => follow(record, s.entry('ticket.checked', { verdict: null, ...members }), true)).toThrow(
      TypeError,
    );
  });
});
