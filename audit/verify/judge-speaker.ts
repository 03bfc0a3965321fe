import { channelIn, channelOf } from '../../domain/channel.ts';
import { actorIn, appenderOfType } from '../../domain/entry.ts';
import type { EntryBody } from '../../domain/entry.ts';
import { effectOfSigned, isSignedType } from '../../domain/entry-writer.ts';
import { isMachine, machineIssuer } from '../../domain/person.ts';
import type { Person, PersonId } from '../../domain/person.ts';
import type { Statement } from '../../domain/statement.ts';
import type { Report } from './problem.ts';
import { isWordMissing, statementOf } from './statement-of.ts';

/** What a machine may say: it asks, and withdraws what it has asked for. */
const saidByMachines: ReadonlySet<Statement['kind']> = new Set(['submission', 'withdrawal', 'takeover']);

/**
 * Who may be behind an entry at all, whatever roles they are said to have: people alone decide, steer and administer, with a
 * token of their own, and only decisions come by a channel. What a process tells, it tells itself.
 */
export function judgeSpeaker(body: EntryBody, report: Report): void {
  const { type } = body;
  const statement = statementOf(body);
  if (statement !== null) {
    const { kind, person } = statement;
    const why = refusalOfSpeaker(kind, person);
    if (why !== null) report('not_by_person', `${type} ${why}`);
  } else if (isSignedType(type)) {
    const isTold = effectOfSigned[type] === 'records';
    if (!isTold && isNoPerson(actorIn(body) as unknown as Person))
      report('not_by_person', `${type} by a machine, or by nobody who is known here`);
  } else if (type !== 'change.requested' && !isWordMissing(body)) {
    const process = appenderOfType[type];
    if (body.actor['process'] !== process)
      report('actor_differs', `${type} names another actor than the ${process}, and nobody's word`);
  }
}

/** A review is judged by the service's own rule, a decision's channel by the policy. */
function refusalOfSpeaker(kind: Statement['kind'], person: Person): string | null {
  if (isNoPerson(person)) {
    const isMachines = person.issuer === machineIssuer && isMachine(person);
    if (isMachines && (saidByMachines.has(kind) || kind === 'review')) return null;
    return 'by a machine, or by nobody who is known here';
  }
  const isByChannel = kind !== 'decision' && kind !== 'review' && channelOf(person) !== null;
  return isByChannel ? 'by a channel, which takes decisions alone' : null;
}

/** An API token, or an account of another system that the directory maps to nobody. */
function isNoPerson(person: PersonId & Pick<Person, 'issuedBy'>): boolean {
  const { issuer } = person;
  return (
    issuer === machineIssuer ||
    isMachine(person) ||
    (typeof issuer === 'string' && channelIn(issuer) !== null)
  );
}
