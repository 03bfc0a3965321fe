import type { JsonObject } from '../../domain/change.ts';
import type { EntryBody, EventType } from '../../domain/entry.ts';
import type { PersonId } from '../../domain/person.ts';
import { samePerson } from '../../domain/person.ts';
import type { Statement } from '../../domain/statement.ts';
import { objectOf } from './fields.ts';
import type { Illogical } from './life.ts';

/** The statement that must stand behind an entry: what was said, by whom the actor is. */
const said: Partial<Record<EventType, readonly [Statement['kind'], Statement['action']]>> = {
  'decision.approved': ['decision', 'approve'],
  'decision.rejected': ['decision', 'reject'],
  'change.scheduled': ['decision', 'approve'],
  'change.withdrawn': ['withdrawal', 'withdraw'],
  'change.paused': ['execution', 'pause'],
  'change.resumed': ['execution', 'resume'],
  'change.retried': ['execution', 'retry'],
  'change.abandoned': ['execution', 'abandon'],
};

/** Whether entries of a type carry a person's statement with the API's signature. */
export function needsStatement(type: EventType): boolean {
  return type in said;
}

/** Whether what a person said is what the entry tells of them. Whose key signed it is asked elsewhere. */
export function judgeStatement(body: EntryBody, report: (code: Illogical, message: string) => void): void {
  const wanted = said[body.type];
  if (!wanted) return;
  const statement = statementOf(body);
  if (statement === null) {
    report('statement_missing', `${body.type} without what the person said`);
    return;
  }
  const [kind, action] = wanted;
  if (
    statement.kind !== kind ||
    statement.action !== action ||
    statement.changeId !== body.changeId ||
    !sameActor(body, statement.person) ||
    (statement.digest !== null && statement.digest !== body.digest) ||
    (body.comment ?? '') !== statement.comment
  ) {
    report('statement_differs', `${body.type} tells something else than the person said`);
  }
}

/** What the person said, as the entry carries it; null where it carries nothing of the kind. */
export function statementOf(body: EntryBody): Statement | null {
  const { statement } = body;
  const { person } = objectOf(statement);
  return personOf(objectOf(person)) === null ? null : (statement as unknown as Statement);
}

/** Whether a person is the entry's actor. */
export function sameActor(body: EntryBody, person: PersonId): boolean {
  const actor = personOf(body.actor);
  return actor !== null && samePerson(actor, person);
}

/** The person that an object names. */
export function personOf({ issuer, subject }: JsonObject): PersonId | null {
  return typeof issuer === 'string' && typeof subject === 'string' ? { issuer, subject } : null;
}
