import type { ChangeEvent, ChangeEventType } from '../../domain/change-event.ts';
import type { EntryBody } from '../../domain/entry.ts';
import { eventIn } from '../../domain/event-in.ts';
import { objectOf } from './fields.ts';
import { statementOf } from './statement-of.ts';

type Form = 'text' | 'integer' | 'list' | 'object';

/** The members without which `evolve` would make no change of an entry. */
const needed: Partial<Record<ChangeEventType, Readonly<Record<string, Form>>>> = {
  'change.prechecked': { digest: 'text', round: 'integer' },
  'change.scheduled': { executeBy: 'text' },
  'change.escalated': { escalatedAt: 'text' },
  'decision.approved': { statement: 'object', round: 'integer' },
  'decision.rejected': { statement: 'object', round: 'integer' },
  'decision.withdrawn': { statement: 'object' },
  'decision.lapsed': { lapsed: 'list', narrowed: 'list' },
  'attempt.started': { attempt: 'object' },
  'attempt.succeeded': { attempt: 'object' },
  'attempt.failed': { attempt: 'object' },
  'attempt.unknown': { attempt: 'object' },
  'change.closed': { decisionStatus: 'text', executionStatus: 'text', outcome: 'object' },
  'review.signed': { statement: 'object' },
};

/**
 * The event that an entry tells of its change; null for an entry that moves none, and for one that lacks what a person
 * said, which is reported elsewhere.
 *
 * @throws TypeError when it does not have the members of its type: nobody has checked what an entry of a pack holds
 */
export function readEvent(body: EntryBody): ChangeEvent | null {
  const event = eventIn(body);
  if (event === null) return null;
  const forms = needed[event.type] ?? {};
  if (Object.hasOwn(forms, 'statement') && statementOf(body) === null) return null;
  for (const [member, form] of Object.entries(forms)) expectForm(body[member], form, member);
  if (Object.hasOwn(forms, 'attempt')) expectForm(objectOf(body.attempt).ordinal, 'integer', 'ordinal');
  if (event.type === 'decision.approved' || event.type === 'decision.rejected') {
    const { roles, groups } = objectOf(objectOf(body.statement).person);
    expectForm(roles, 'list', 'roles');
    expectForm(groups, 'list', 'groups');
  }
  return event;
}

function expectForm(value: unknown, form: Form, member: string): void {
  if (hasForm(value, form)) return;
  throw new TypeError(`member ${member} is no ${form}`);
}

function hasForm(value: unknown, form: Form): boolean {
  switch (form) {
    case 'text':
      return typeof value === 'string';
    case 'integer':
      return Number.isSafeInteger(value);
    case 'list':
      return Array.isArray(value);
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
  }
}
