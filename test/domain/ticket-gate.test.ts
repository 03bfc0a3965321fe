import { describe, expect, test } from 'vitest';
import type { TicketRule } from '../../domain/policy.ts';
import { refusalOfTicket, ticketFault, ticketFieldsOf, ticketRuleOf } from '../../domain/ticket-gate.ts';
import type { TicketPoint } from '../../domain/ticket-gate.ts';
import { boundedTicket } from '../../domain/ticket-read.ts';
import type { TicketRead } from '../../domain/ticket-read.ts';
import { policyWith } from '../support/policy.ts';
import { ticketRead, ticketRule } from '../support/ticket.ts';

const target = {
  id: 'cn-hangzhou/post-cn-1/SN-1',
  scope: { regionId: 'cn-hangzhou', mqttInstanceId: 'post-cn-1', sn: 'SN-1' },
  label: 'CA certificate SN-1',
};
const now = Date.parse('2026-11-29T11:00:00.000Z');
const from = '2026-11-29T10:00:00.000+0000';
const to = '2026-11-29T12:00:00.000Z';
const window = { start: 'planned start', end: 'planned end' };
const planned = (start: string | null, end: string | null) => ({
  fields: { 'planned start': start, 'planned end': end },
});

type Case = [
  what: string,
  rule: Partial<TicketRule>,
  read: Partial<TicketRead> | null,
  code: string | null,
  /** The same at both points unless it is given. */
  atPrecheck?: string | null,
];
const cases: Case[] = [
  ['an open ticket', {}, {}, null],
  ['one that is in progress', {}, { phase: 'in_progress' }, null],
  ['none', {}, null, 'ticket_not_found'],
  ['one of another system', {}, { system: 'jira-old' }, 'ticket_not_allowed'],
  ['one that is done', {}, { phase: 'done' }, 'ticket_closed'],
  ['one that was cancelled', {}, { phase: 'cancelled' }, 'ticket_closed'],
  [
    'a closed one in a state that the policy lists',
    { states: ['Done'] },
    { state: 'Done', phase: 'done' },
    'ticket_closed',
  ],
  ['one on hold', {}, { onHold: true }, 'ticket_on_hold'],
  ['one of an allowed project', { projects: ['NET', 'OPS'] }, {}, null],
  ['one of another project', { projects: ['NET'] }, {}, 'ticket_not_allowed'],
  ['a project in another case', { projects: ['ops'] }, {}, 'ticket_not_allowed'],
  ['one of an allowed type', { types: ['Change'] }, {}, null],
  ['one of another type', { types: ['Change'] }, { type: 'Incident' }, 'ticket_not_allowed'],
  ['one in an allowed state', { states: ['Scheduled', 'Implement'] }, { state: 'Implement' }, null],
  ['one in another state', { states: ['Scheduled'] }, { state: 'Assess' }, 'ticket_not_allowed'],
  ['one that was approved there', { approved: true }, { approved: true }, null],
  ['one that was not', { approved: true }, { approved: false }, 'ticket_not_approved'],
  [
    'one that asks for no approval, where one is needed',
    { approved: true },
    { approved: null },
    'ticket_not_approved',
  ],
  ['one that was not approved, where none is needed', {}, { approved: false }, null],
  ['one with the target', { sameTarget: { field: 'ci', member: null } }, { fields: { ci: target.id } }, null],
  [
    'one with blanks around it',
    { sameTarget: { field: 'ci', member: null } },
    { fields: { ci: ` ${target.id}\n` } },
    null,
  ],
  [
    'one with a part of it',
    { sameTarget: { field: 'ci', member: null } },
    { fields: { ci: 'SN-1' } },
    'ticket_other_target',
  ],
  [
    'one with more than it',
    { sameTarget: { field: 'ci', member: null } },
    { fields: { ci: `${target.id}, x` } },
    'ticket_other_target',
  ],
  [
    'one with another target',
    { sameTarget: { field: 'ci', member: null } },
    { fields: { ci: 'cn-hangzhou/post-cn-1/SN-2' } },
    'ticket_other_target',
  ],
  [
    'one with its label',
    { sameTarget: { field: 'ci', member: null } },
    { fields: { ci: target.label } },
    'ticket_other_target',
  ],
  [
    'one with an empty field',
    { sameTarget: { field: 'ci', member: null } },
    { fields: { ci: null } },
    'ticket_other_target',
  ],
  ['one without the field', { sameTarget: { field: 'ci', member: null } }, {}, 'ticket_other_target'],
  ['one with the member', { sameTarget: { field: 'ci', member: 'sn' } }, { fields: { ci: 'SN-1' } }, null],
  [
    'one with another member',
    { sameTarget: { field: 'ci', member: 'sn' } },
    { fields: { ci: 'post-cn-1' } },
    'ticket_other_target',
  ],
  [
    'a member that the target lacks',
    { sameTarget: { field: 'ci', member: 'deviceSn' } },
    { fields: { ci: '' } },
    'ticket_other_target',
  ],
  [
    'a member that every object has',
    { sameTarget: { field: 'ci', member: 'constructor' } },
    { fields: { ci: 'x' } },
    'ticket_other_target',
  ],
  ['a window that has now', { window }, planned(from, to), null],
  [
    'one that is over',
    { window },
    planned('2026-11-29T09:00:00Z', '2026-11-29T11:00:00Z'),
    'ticket_outside_window',
  ],
  [
    'one that has not begun',
    { window },
    planned('2026-11-29T11:00:00.001Z', to),
    'ticket_outside_window',
    null,
  ],
  ['one that begins now', { window }, planned('2026-11-29T11:00:00Z', to), null],
  [
    'one in UTC, of a system that writes so',
    { window },
    { ...planned('2026-11-29 10:00:00', '2026-11-29 12:00:00'), times: 'utc' },
    null,
  ],
  [
    'one without a zone, of a system that writes zones',
    { window },
    planned('2026-11-29 10:00:00', '2026-11-29 12:00:00'),
    'ticket_outside_window',
  ],
  ['one without a start', { window }, planned(null, to), 'ticket_outside_window'],
  ['one without an end', { window }, planned(from, null), 'ticket_outside_window'],
  ['one of dates alone', { window }, planned('2026-11-29', '2026-11-30'), 'ticket_outside_window'],
  [
    'one that ends before it begins',
    { window },
    planned('2026-11-30T00:00:00Z', '2026-11-29T23:00:00Z'),
    'ticket_outside_window',
  ],
  [
    'one that is empty',
    { window },
    planned('2026-11-29T12:00:00Z', '2026-11-29T12:00:00Z'),
    'ticket_outside_window',
  ],
  ['a ticket without the fields', { window }, {}, 'ticket_outside_window'],
];

describe.each<TicketPoint>(['precheck', 'before_call'])('at %s', (point) => {
  test.each(cases)('%s', (_what, rule, read, code, atPrecheck = code) => {
    const whole = ticketRule(rule);
    const found = read && boundedTicket(ticketRead(read), ticketFieldsOf(whole));
    const refusal = refusalOfTicket(whole, { target, read: found, point, now });
    expect(refusal?.code ?? null).toBe(point === 'precheck' ? atPrecheck : code);
    if (refusal) expect(refusal.message.length).toBeLessThan(1000);
  });
});

test('a window that has not begun says when it does, and nothing else passes by itself', () => {
  const ask = (read: Partial<TicketRead> | null) =>
    refusalOfTicket(ticketRule({ window }), {
      target,
      read: read && ticketRead(read),
      point: 'before_call',
      now,
    });
  expect(ask(planned('2026-11-29T13:00:00+01:30', to))?.until).toBe('2026-11-29T11:30:00.000Z');
  expect(ask(planned(from, from))?.until).toBeNull();
  expect(ask(planned('2026-11-28T10:00:00Z', '2026-11-28T12:00:00Z'))?.until).toBeNull();
  expect(ask(null)?.until).toBeNull();
});

describe('a ticket that a request names', () => {
  const named = (system: string) => ({ system, id: 'OPS-1', url: null });
  test.each<[string, TicketRule | null, ReturnType<typeof named> | null, string | null]>([
    ['nothing is asked for, none', null, null, null],
    ['nothing is asked for, any', null, named('whatever'), null],
    ['one is needed, none', ticketRule(), null, 'ticket required'],
    ['one is needed, there', ticketRule(), named('jira'), null],
    ['one is needed, of another system', ticketRule(), named('Jira'), 'ticket.system one_of'],
    ['none is needed, none', ticketRule({ required: false }), null, null],
    ['none is needed, there', ticketRule({ required: false }), named('jira'), null],
    [
      'none is needed, of another system',
      ticketRule({ required: false }),
      named('snow'),
      'ticket.system one_of',
    ],
  ])('%s', (_what, rule, ticket, fault) => {
    const found = ticketFault(rule, ticket);
    expect(found && `${found.field} ${found.rule}`).toBe(fault);
  });

  test('is held to the rule when it is named, or when one is needed', () => {
    const of = (rule: TicketRule | null, ticket: ReturnType<typeof named> | null) =>
      ticketRuleOf({ policy: policyWith({ ticket: rule }), ticket });
    const optional = ticketRule({ required: false });
    expect(of(null, named('jira'))).toBeNull();
    expect(of(optional, null)).toBeNull();
    expect(of(optional, named('jira'))).toEqual(optional);
    expect(of(ticketRule(), null)).toEqual(ticketRule());
  });
});

test('each field is asked for once', () => {
  expect(ticketFieldsOf(ticketRule())).toEqual([]);
  const rule = ticketRule({ window: { start: 'a', end: 'b' }, sameTarget: { field: 'a', member: null } });
  expect(ticketFieldsOf(rule)).toEqual(['a', 'b']);
});

test('what is kept of a ticket is bounded, and has the fields that were asked for', () => {
  const long = '\u0007é"'.repeat(2000);
  const read = boundedTicket(
    ticketRead({
      ...{ id: long, key: long, type: long, project: long, state: long, summary: `${long}\ud800`, url: long },
      fields: { a: long, secret: 'x' },
    }),
    ['a', 'b'],
  );
  expect(Object.keys(read.fields)).toEqual(['a', 'b']);
  expect(read.fields['b']).toBeNull();
  expect(read.url).toBeNull();
  const text = JSON.stringify(read);
  expect(Buffer.byteLength(text)).toBeLessThan(8000);
  expect(text).not.toMatch(/\p{Cc}/u);
  expect(read.summary.isWellFormed()).toBe(true);
});
