import type { Change } from './change.ts';
import { CountersignError, isRefused } from './error.ts';
import type { ErrorCode, Judged } from './error.ts';
import type { Person, PersonId } from './person.ts';
import { samePerson } from './person.ts';
import { isAct } from './statement.ts';
import type { Act } from './statement.ts';
import { isFinal } from './status.ts';
import type { Standing } from './status.ts';

/** What people say of a change beside their decisions: words that stop it, and words that have it go on. */
export const words = ['withdraw', 'take_over', 'pause', 'resume', 'retry', 'abandon', 'revoke'] as const;
/** One of {@link words}. */
export type Word = (typeof words)[number];

/** Why a word does nothing to what stands. */
export type StopRefusal = Extract<ErrorCode, 'already_stopped' | 'not_paused' | 'not_running'>;

const finalOf = {
  withdraw: 'withdrawn',
  take_over: 'taken_over',
  abandon: 'abandoned',
  revoke: 'revoked',
} as const satisfies Partial<Record<Word, Standing>>;

/**
 * The one order of words: what stands after another word, or why that word is refused. What is final stays, whatever
 * comes after it.
 */
export function standingAfter(
  standing: Standing,
  word: Word,
): { readonly standing: Standing } | { readonly refusal: StopRefusal } {
  if (hasStopped(standing)) return { refusal: 'already_stopped' };
  switch (word) {
    case 'pause':
      return standing === 'paused' ? { refusal: 'not_running' } : { standing: 'paused' };
    case 'resume':
      return standing === 'paused' ? { standing: 'going' } : { refusal: 'not_paused' };
    case 'retry':
      return standing === 'paused' ? { refusal: 'not_running' } : { standing };
    default:
      return { standing: finalOf[word] };
  }
}

/** Whether a change has been stopped for good. */
export function hasStopped(standing: Standing): boolean {
  return standing !== 'going' && standing !== 'paused';
}

/** What stands after some words, in their order. One that does nothing to what stood before it counts for nothing. */
export function standingOf(said: readonly Word[]): Standing {
  return said.reduce<Standing>((standing, word) => {
    const after = standingAfter(standing, word);
    return 'standing' in after ? after.standing : standing;
  }, 'going');
}

/** The word that a statement says; null for a decision, a review or a submission, and for what an edited entry has. */
export function wordOf(act: Act): Word | null {
  if (!isAct(act)) return null;
  switch (act.kind) {
    case 'withdrawal':
    case 'takeover':
    case 'revocation':
    case 'execution':
      return act.action;
    default:
      return null;
  }
}

/** What a word finds. */
export interface WordFacts {
  readonly change: Change;
  readonly standing: Standing;
  /** Whether any attempt was ever marked as sent: then its call may have reached the vendor. */
  readonly called: boolean;
}

/**
 * Whether somebody may say a word of a change now, and what stands after it.
 *
 * - `withdraw`: its requester or an operator, until a call has begun
 * - `take_over`: a break-glass change on the target of an ordinary one, until its call has begun
 * - `pause`, `resume`, `retry`: an operator, of an approved change
 * - `abandon`: an operator, of an approved change, and of one that waits for approval again after a call
 * - `revoke`: an admin
 *
 * @returns what stands then; or `missing_role` (403); `change_closed`, `already_stopped`, `open_change_exists`,
 * `call_started`, `not_approved`, `not_paused`, `not_running` (409)
 */
export function judgeWord(
  { change, standing, called }: WordFacts,
  word: Word,
  person: Person,
): Judged<Standing> {
  const unfit = refusalOfRole(change, word, person);
  if (unfit) return unfit;
  const after = judgeStandingAfter(change, standing, word);
  if (isRefused(after)) return after;
  if (word === 'take_over' && change.breakGlass) {
    return new CountersignError('open_change_exists', 'another break-glass change is open on this target');
  }
  if ((word === 'withdraw' || word === 'take_over') && called) {
    return new CountersignError(
      'call_started',
      'a call has begun; an operator may pause or abandon the change',
    );
  }
  if (word === 'withdraw' || word === 'take_over' || word === 'revoke') return after;
  if (word === 'abandon' && called) return after;
  if (change.decisionStatus !== 'approved') {
    return new CountersignError('not_approved', 'the change is not approved, so there is no execution yet');
  }
  if (word === 'retry' && change.executionStatus !== 'running') {
    return new CountersignError('not_running', 'there is no running execution to retry');
  }
  return after;
}

/** What a word finds that is said to the API. */
export interface SaidWordFacts extends WordFacts {
  /** The last word that was written down of the change, and whose it is; null when there is none. */
  readonly last: { readonly word: Word; readonly person: PersonId } | null;
}

/**
 * Whether a word that somebody says now would be written down.
 *
 * @returns `new`; `repeated` when it was their last word and still holds, as after a lost answer; or a refusal of
 * {@link judgeWord}
 */
export function judgeSaidWord(facts: SaidWordFacts, word: Word, person: Person): Judged<'new' | 'repeated'> {
  const { change, standing, last } = facts;
  const isSame = last?.word === word && samePerson(last.person, person);
  // When the change has ended in another way than by this word, the answer says so.
  const holds = change.closedAt === null || hasStopped(standing);
  if (isSame && word !== 'resume' && holds) return 'repeated';
  const judged = judgeWord(facts, word, person);
  return isRefused(judged) ? judged : 'new';
}

/**
 * What stands after a word that was written down before: only what is final is still in its way, as another may have come first.
 * Whoever wrote it down knew what stood, so what its workflow takes to stand does not count.
 * @returns what stands then; or `change_closed`, `already_stopped` (409)
 */
export function judgeHeardWord(change: Change, standing: Standing, word: Word): Judged<Standing> {
  if (!hasStopped(standing) && (word === 'pause' || word === 'resume')) {
    return refusalOfEnd(change, standing) ?? (word === 'pause' ? 'paused' : 'going');
  }
  return judgeStandingAfter(change, standing, word);
}

/**
 * What stands after a word that is said now.
 * @returns what stands then; or `change_closed`, `already_stopped`, `not_paused`, `not_running` (409)
 */
export function judgeStandingAfter(change: Change, standing: Standing, word: Word): Judged<Standing> {
  const ended = refusalOfEnd(change, standing);
  if (ended) return ended;
  const after = standingAfter(standing, word);
  if ('standing' in after) return after.standing;
  const messages = {
    already_stopped: `the change was stopped for good before: ${standing}`,
    not_paused: 'the execution is not paused',
    not_running: 'the execution is paused',
  };
  return new CountersignError(after.refusal, messages[after.refusal]);
}

function refusalOfEnd(change: Change, standing: Standing): CountersignError | null {
  if (change.closedAt === null && (!isFinal(change) || hasStopped(standing))) return null;
  return new CountersignError('change_closed', 'the change has ended');
}

/** Whether the cancellation of its workflow still stops a change: not what has ended, whose end is decided, or that was stopped before. */
export function mayBeCancelled(
  change: Pick<Change, 'decisionStatus' | 'executionStatus' | 'closedAt'>,
  standing: Standing,
): boolean {
  return !isFinal(change) && change.closedAt === null && !hasStopped(standing);
}

function refusalOfRole({ requester }: Change, word: Word, person: Person): CountersignError | null {
  const { roles } = person;
  const missing = (message: string) => new CountersignError('missing_role', message);
  switch (word) {
    case 'take_over':
      return null;
    case 'withdraw':
      if (samePerson(requester, person) || roles.includes('operator')) return null;
      return missing('a change is withdrawn by its requester or by an operator');
    case 'revoke':
      return roles.includes('admin') ? null : missing('a policy is revoked by an admin');
    default:
      if (roles.includes('operator')) return null;
      return missing('pausing, resuming, retrying and abandoning need the role operator');
  }
}
