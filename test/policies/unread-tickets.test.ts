import { expect, test } from 'vitest';
import { unreadSystems } from '../../policies/unread-tickets.ts';
import { ticketRule } from '../support/ticket.ts';

test('each system that policies ask for and nobody reads is named once, with those policies', () => {
  const policies = [
    { name: 'none', ticket: null },
    { name: 'one', ticket: ticketRule({ system: 'jira' }) },
    { name: 'two', ticket: ticketRule({ system: 'snow', required: false }) },
    { name: 'three', ticket: ticketRule({ system: 'snow' }) },
  ];
  expect(unreadSystems(policies, ['jira'])).toEqual([{ system: 'snow', policies: ['two', 'three'] }]);
  expect(unreadSystems(policies, ['jira', 'snow'])).toEqual([]);
  expect(unreadSystems(policies, []).map(({ system }) => system)).toEqual(['jira', 'snow']);
});
