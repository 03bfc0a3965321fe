import { expect, test } from 'vitest';
import { appenderOfType, entryBytes } from '../../domain/entry.ts';
import { ticketChecked, ticketDiverged, ticketLinked } from '../../domain/ticket-entries.ts';
import { ticketRead } from '../support/ticket.ts';
import { change as makeChange } from '../store/change-fixture.ts';

const place = { namespace: 'n', of: 'change-1', ordinal: 'run/1/1/t' };
const time = '2026-11-29T11:00:00.000Z';
const change = makeChange();

test('what was read of a ticket has no mark and no author, and whoever reads it can judge it anew', () => {
  const refusal = { code: 'ticket_closed', message: 'closed', until: null } as const;
  const { key, body } = ticketChecked(
    place,
    change,
    { point: 'precheck', time, readAt: time, read: ticketRead({ marks: ['m'] }), refusal },
    { namespace: 'n' },
  );
  expect(key).toBe('n/change-1/ticket.checked/run/1/1/t');
  const { marks: _m, author: _a, ...read } = ticketRead();
  expect(body).toMatchObject({
    type: 'ticket.checked',
    changeId: change.id,
    actor: { process: 'worker' },
    point: 'precheck',
    verdict: 'ticket_closed',
    read: { ...read, at: time },
  });
  expect(body['read']).not.toHaveProperty('marks');
  expect(body['read']).not.toHaveProperty('author');
  expect(entryBytes(body).length).toBeLessThan(4000);
});

test('a ticket is linked once, whichever process says so, and diverges any number of times', () => {
  const ticket = { system: 'jira', id: '10001', key: 'OPS-1' };
  const linked = ticketLinked(place, change, { ...ticket, url: null, isMade: true }, time);
  expect(linked.key).toBe('n/change-1/ticket.linked/jira/10001');
  expect(linked.body).toMatchObject({ linked: { ...ticket, url: null, made: true } });
  const diverged = ticketDiverged(
    { ...place, ordinal: 2 },
    change,
    { ...ticket, wanted: 'done', phase: 'new', state: 'To Do', why: 'moved_by_hand' },
    time,
  );
  expect(diverged.key).toBe('n/change-1/ticket.diverged/2');
  for (const { body } of [linked, diverged]) {
    expect(body.actor).toEqual({ process: 'deliverer' });
    expect(appenderOfType[body.type]).toBe('deliverer');
  }
});
