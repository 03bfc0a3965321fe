import { newEntryBody, personActor, workerActor } from '../../domain/entry.ts';
import type { EntryBody, EventType } from '../../domain/entry.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { Person } from '../../domain/person.ts';
import { shownTicket, ticketMembers } from '../../domain/ticket-read.ts';
import type { TicketPoint } from '../../domain/ticket-gate.ts';
import { ticketRead, ticketRule } from '../support/ticket.ts';
import { changeStory, emergency, person, withPolicies } from './change-story.ts';
import type { ChangeStory } from './change-story.ts';
import { signed } from './memory-log.ts';
import type { TestKeys } from './memory-log.ts';

const began = '2026-11-24T09:00:00.000Z';
const adam = person('adam', 'admin');
const frank: Person = { ...person('frank', 'approver'), groups: ['security'] };
const tokenId = '7a1f0c7e-7d3c-4c69-8f55-0d3f3c1c5a10';
const freezeIds = ['0b0f7d6e-5a0c-4a54-9b44-3f1d0a5b9c01', '0b0f7d6e-5a0c-4a54-9b44-3f1d0a5b9c02'] as const;
const machine: Person = {
  ...{ ...person(tokenId, 'requester'), issuer: 'countersign', name: 'pipeline' },
  ...{ authentication: { methods: ['token'], at: null } },
  ...{ issuedBy: { issuer: adam.issuer, subject: 'adam' } },
};

/** A policy that asks for something of everything: a ticket, a window with holidays, freezes that may be overridden. */
const strict = {
  ...fourEyes,
  name: 'strict',
  ticket: ticketRule({ states: ['Scheduled'] }),
  windows: [
    // Open when the stories run: 17:00 in Shanghai.
    { cron: '0 16 * * *', durationMinutes: 180, timeZone: 'Asia/Shanghai', holidays: ['2026-10-01'] },
  ],
  freezeOverride: { group: 'security' },
  groups: { security: { source: 'token' } },
} as const;

const told = (type: EventType, members: JsonObject, actor = personActor(adam)): EntryBody =>
  newEntryBody({ type, time: began, actor, ...members });
const freeze = (id: string): JsonObject => ({
  ...{ id, operation: null, scope: {}, startsAt: began, endsAt: null, reason: 'sale' },
});

function checked(s: ChangeStory, point: TicketPoint): EntryBody {
  const body = s.entry('ticket.checked', { point, verdict: null, message: null, until: null });
  return { ...body, read: ticketMembers(shownTicket(ticketRead({}), body.time)) };
}

/** The story that has the most context: a machine's change, called once in vain, under a freeze that was overridden. */
function strictChange(): { changeId: string; entries: EntryBody[] } {
  const s = changeStory({ policy: strict, requester: machine, began });
  const [lifted, overridden] = freezeIds.map(freeze) as [JsonObject, JsonObject];
  const token = {
    id: tokenId,
    name: 'pipeline',
    scopes: ['changes:request'],
    expiresAt: '2027-01-01T00:00:00.000Z',
  };
  const entries = [
    told(
      'calendar.loaded',
      {
        sha256: 'e'.repeat(64),
        freezes: [{ ...freeze('late'), startsAt: '2026-12-24T00:00:00.000Z' }],
      },
      workerActor,
    ),
    told('token.issued', { token }),
    told('freeze.declared', { freeze: lifted }),
    s.requested(),
    checked(s, 'precheck'),
    s.prechecked(),
    told('freeze.declared', { freeze: overridden }),
    s.reminded(),
    s.approved(),
    s.scheduled(),
    told('freeze.lifted', { freeze: lifted }),
    s.entry('freeze.overridden', { freeze: overridden, comment: 'seen', directory: [] }, personActor(frank)),
    checked(s, 'before_call'),
    s.started(1),
    s.ended('failed', 1),
    checked(s, 'before_call'),
    s.started(2),
    s.ended('succeeded', 2),
    s.closed(),
    told('freeze.lifted', { freeze: overridden }),
    told('token.revoked', { token }),
  ];
  return { changeId: s.changeId, entries };
}

/** Two break-glass changes one after another, and one that was stopped, taken up again and withdrawn. */
function otherChanges(): EntryBody[] {
  const [first, next] = [1, 2].map((hour) =>
    changeStory({ policy: emergency, breakGlass: true, began: `2026-11-24T0${hour}:00:00.000Z` }),
  ) as [ChangeStory, ChangeStory];
  const run = (s: ChangeStory) => [
    ...[s.requested(), s.prechecked(), s.approved(), s.scheduled()],
    ...[s.started(), s.ended('succeeded'), s.closed(), s.reviewed()],
  ];
  const s = changeStory({ began: '2026-11-24T03:00:00.000Z' });
  return [
    ...run(first),
    ...run(next),
    s.requested(),
    s.prechecked(),
    s.approved(),
    s.scheduled(),
    s.stop('pause', 1),
    s.operator('pause'),
    s.stop('resume', 2),
    s.operator('resume'),
    s.stop('withdraw', 3),
    s.withdrawn(person('olga', 'operator')),
    s.closed('withdrawn', 'cancelled'),
  ];
}

/** An honest log with something of everything that a verifier judges, and the change of it that has the most context. */
export function fullLog(keys: TestKeys): {
  readonly changeId: string;
  readonly entries: readonly EntryBody[];
} {
  const { changeId, entries } = strictChange();
  const all = withPolicies([...otherChanges(), ...entries]);
  return { changeId, entries: all.map((body) => signed(body, keys)) };
}
