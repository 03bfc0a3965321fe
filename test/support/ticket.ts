import type { TicketRule } from '../../domain/policy.ts';
import type { TicketRead } from '../../domain/ticket-read.ts';

/** A rule that asks for nothing but an open ticket of `jira`. */
export function ticketRule(more: Partial<TicketRule> = {}): TicketRule {
  return {
    system: 'jira',
    required: true,
    projects: null,
    types: null,
    states: null,
    sameTarget: null,
    window: null,
    approved: false,
    ...more,
  };
}

/** What was read of an open ticket. */
export function ticketRead(more: Partial<TicketRead> = {}): TicketRead {
  return {
    system: 'jira',
    id: '10001',
    key: 'OPS-1',
    url: 'https://jira.example/browse/OPS-1',
    type: 'Change',
    project: 'OPS',
    state: 'Scheduled',
    phase: 'new',
    onHold: false,
    approved: null,
    summary: 'line 4 moves',
    fields: {},
    times: 'zoned',
    version: '1',
    digest: 'd'.repeat(64),
    author: 'someone',
    marks: [],
    ...more,
  };
}
