import type { JsonObject } from '../../domain/json.ts';
import { actorIn } from '../../domain/entry.ts';
import type { EntryBody, EventType } from '../../domain/entry.ts';
import type { PersonId } from '../../domain/person.ts';
import { samePerson } from '../../domain/person.ts';
import type { Statement } from '../../domain/statement.ts';
import { tolerance } from './change-record.ts';
import { objectOf } from './fields.ts';
import type { Illogical } from './problem.ts';

type Said = readonly [Statement['kind'], Statement['action']];

/** What a person may have said, for entries that a person's word is behind; `always`: of none of them it may be missing. */
const said: Partial<Record<EventType, { readonly always: boolean; readonly oneOf: readonly Said[] }>> = {
  'change.requested': { always: false, oneOf: [['submission', 'submit']] },
  'decision.approved': { always: true, oneOf: [['decision', 'approve']] },
  'decision.rejected': { always: true, oneOf: [['decision', 'reject']] },
  'decision.withdrawn': { always: true, oneOf: [['decision_withdrawal', 'withdraw']] },
  'change.withdrawn': {
    always: true,
    oneOf: [
      ['withdrawal', 'withdraw'],
      ['takeover', 'take_over'],
    ],
  },
  'stop.requested': {
    always: true,
    oneOf: [
      ['withdrawal', 'withdraw'],
      ['takeover', 'take_over'],
      ['execution', 'pause'],
      ['execution', 'abandon'],
    ],
  },
  'stop.lifted': { always: true, oneOf: [['execution', 'resume']] },
  'change.refused': { always: false, oneOf: [['revocation', 'revoke']] },
  'change.paused': { always: true, oneOf: [['execution', 'pause']] },
  'change.resumed': { always: true, oneOf: [['execution', 'resume']] },
  'change.retried': { always: true, oneOf: [['execution', 'retry']] },
  'change.abandoned': {
    always: true,
    oneOf: [
      ['execution', 'abandon'],
      ['revocation', 'revoke'],
    ],
  },
  'review.signed': { always: true, oneOf: [['review', 'sign']] },
};

/** Whether what a person said is what the entry tells of them. Whose key signed it is asked elsewhere. */
export function judgeStatement(body: EntryBody, report: (code: Illogical, message: string) => void): void {
  const wanted = said[body.type];
  if (!wanted) return;
  const statement = statementOf(body);
  if (statement === null) {
    if (isWordMissing(body)) report('statement_missing', `${body.type} without what the person said`);
    return;
  }
  const { kind, action, changeId, person, digest, at } = statement;
  // A submission's digest is of what was asked for; the change has none yet.
  const same = kind === 'submission' || (digest ?? body.digest) === body.digest;
  if (
    !wanted.oneOf.some(([k, a]) => k === kind && a === action) ||
    changeId !== body.changeId ||
    !sameActor(body, person) ||
    // What is shown of who said it is signed, too.
    body.actor['name'] !== person.name ||
    !same ||
    !isCodeOf(kind, body)
  ) {
    report('statement_differs', `${body.type} tells something else than the person said`);
  }
  if (!isSaidInTime(at, body)) {
    report('statement_differs', `${body.type} of ${body.time}, and the person said so at ${at}`);
  }
}

/** Nothing is told before it was said. What the API writes down itself, it writes at once. */
function isSaidInTime(at: string, { type, time }: EntryBody): boolean {
  const isAtOnce = type === 'stop.requested' || type === 'stop.lifted';
  const told = Date.parse(time) - Date.parse(at);
  return told >= -tolerance && (!isAtOnce || told <= tolerance);
}

/** Whether an entry that a person's word is always behind comes without it. */
export function isWordMissing(body: EntryBody): boolean {
  const isSaid = said[body.type]?.always === true || isRefusedByPerson(body);
  return isSaid && statementOf(body) === null && !isOfNobody(body);
}

function isRefusedByPerson({ type, actor }: EntryBody): boolean {
  return type === 'change.refused' && actor['process'] === undefined;
}

/** Whether the code of a stop is that of the word that a person said; what stops a change follows from it. */
function isCodeOf(kind: Statement['kind'], { type, code }: EntryBody): boolean {
  if (type === 'change.withdrawn') return code === (kind === 'takeover' ? 'taken_over' : undefined);
  if (type === 'change.abandoned') return code === (kind === 'revocation' ? 'policy_revoked' : undefined);
  return true;
}

/**
 * Whether the worker tells something that no person has said: that the change's workflow was cancelled, with its host or
 * by hand, or that a pause which the log has still holds.
 */
export function isOfNobody({ type, actor, code, statement }: EntryBody): boolean {
  if (actor['process'] !== 'worker' || statement !== undefined) return false;
  if (type === 'change.paused') return code === 'stop_word_stands';
  const isCancelled = code === 'host_cancelled' || code === 'workflow_cancelled';
  return (type === 'change.withdrawn' || type === 'change.abandoned') && isCancelled;
}

/** Whether who caused the entry has a role. */
export function hasRole(body: EntryBody, role: string): boolean {
  return [actorIn(body)['roles']].flat().includes(role);
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
