import { wantedBy } from './decide.ts';
import { judgeDecision, refusalToTakeBack } from './decision.ts';
import type { Decider } from './decision.ts';
import { CountersignError, isRefused } from './error.ts';
import type { ErrorCode, Judged } from './error.ts';
import { refusalOfOverride } from './freeze.ts';
import type { Freeze } from './freeze.ts';
import { samePerson } from './person.ts';
import type { Person } from './person.ts';
import { judgeReview } from './review.ts';
import type { Act, Said, SaidOf } from './statement.ts';
import { hasStopped, judgeSaidWord, wordOf } from './stop.ts';
import type { SaidWordFacts } from './stop.ts';
import { refusalOfDifference } from './stored-change.ts';

/** What is known of a change when somebody wants to say something of it. */
export interface ActionFacts extends SaidWordFacts {
  /** Whether it is the change that its digest was made of. */
  readonly isIntact: boolean;
  /** Whether the person may read it. */
  readonly mayRead: boolean;
  /** Why no approval is accepted on top of the log as it is; null where one is, and where none is asked for. */
  readonly unsealed: CountersignError | null;
}

/**
 * Whether somebody may say something of a change now: the one rule that each call asks before anything is signed. What
 * `actions` of a change says is its answer, too.
 *
 * @param now - milliseconds since the epoch
 * @returns `new`; `repeated` when it was said before and holds; or the refusal that the call answers
 */
export function judgeSaid(
  facts: ActionFacts,
  said: Said,
  person: Person,
  now: number,
): Judged<'new' | 'repeated'> {
  const { change } = facts;
  switch (said.kind) {
    case 'decision':
      return (
        refusalOfShown(facts) ??
        refusalOfStranger(facts) ??
        refusalOfStopped(facts) ??
        judgeDecided(facts, said, person, now)
      );
    case 'decision_withdrawal':
      return (
        refusalOfStranger(facts) ?? refusalOfStopped(facts) ?? refusalToTakeBack(change, person, now) ?? 'new'
      );
    case 'review':
      return refusalOfShown(facts) ?? refusalOfReader(facts) ?? judgeReview(change, person);
    default: {
      const word = wordOf(said);
      if (word !== null) return judgeSaidWord(facts, word, person);
      return new CountersignError('invalid_request', `a ${said.kind} is not said of a change`);
    }
  }
}

function judgeDecided(
  { change, unsealed }: ActionFacts,
  said: SaidOf<'decision'>,
  person: Person,
  now: number,
): Judged<'new' | 'repeated'> {
  const judged = judgeDecision(change, wantedBy(said, person), now);
  return judged === 'new' && said.action === 'approve' ? (unsealed ?? judged) : judged;
}

/** A person decides or reviews what they were shown, so it must be what is stored. A word to stop is accepted anyway. */
function refusalOfShown({ change, isIntact }: ActionFacts): CountersignError | null {
  return isIntact ? null : refusalOfDifference(change);
}

/** A person who may not read the change must not learn of it by deciding. */
function refusalOfStranger({ mayRead }: ActionFacts): CountersignError | null {
  return mayRead ? null : new CountersignError('not_an_approver', 'the change awaits no decision of yours');
}

function refusalOfReader({ mayRead }: ActionFacts): CountersignError | null {
  return mayRead
    ? null
    : new CountersignError('forbidden', 'only somebody who may read a change may review it');
}

/** Nobody decides a change that was stopped for good, also when its workflow does not know yet. */
function refusalOfStopped({ standing }: ActionFacts): CountersignError | null {
  if (standing === 'revoked') return new CountersignError('policy_revoked', 'the policy was revoked');
  if (!hasStopped(standing)) return null;
  return new CountersignError('already_stopped', `the change was stopped for good before: ${standing}`);
}

/** What people do of a change, each by a call of its own. */
export const actions = [
  'approve',
  'reject',
  'takeBack',
  'withdraw',
  'pause',
  'resume',
  'retry',
  'abandon',
  'review',
  'overrideFreeze',
] as const;
/** One of {@link actions}. */
export type Action = (typeof actions)[number];

/**
 * Whether somebody may do it now, or the code that the call would answer. `repeated`: they have done it, the call would
 * change nothing.
 */
export type Permission =
  | { readonly allowed: true; readonly repeated?: true }
  | { readonly allowed: false; readonly code: ErrorCode };

/** Stands for what a person would write where a comment is asked for. */
const someComment = '…';

/**
 * What somebody may do of a change as it is shown to them: what each call would answer now, with the shown digest and a
 * comment.
 *
 * @param freeze - the one that holds the change now, or null
 * @param now - milliseconds since the epoch
 */
export function permissionsOf(
  { freeze, ...facts }: ActionFacts & { readonly freeze: Freeze | null },
  { person, directory = [] }: Decider,
  now: number,
): Readonly<Record<Action, Permission>> {
  const { change, isIntact } = facts;
  const digest = change.digest ?? '';
  const decision = { digest, ...(directory.length > 0 ? { directory } : {}) };
  const own = directory.find((membership) => samePerson(membership, person))?.groups ?? [];
  const override = { person, digest, isIntact, directory: own };
  const permission = (said: Act & Pick<Said, 'digest' | 'directory'>): Permission =>
    permissionOf(judgeSaid(facts, { ...said, comment: someComment }, person, now));
  return {
    approve: permission({ kind: 'decision', action: 'approve', ...decision }),
    reject: permission({ kind: 'decision', action: 'reject', ...decision }),
    takeBack: permission({ kind: 'decision_withdrawal', action: 'withdraw' }),
    withdraw: permission({ kind: 'withdrawal', action: 'withdraw' }),
    pause: permission({ kind: 'execution', action: 'pause' }),
    resume: permission({ kind: 'execution', action: 'resume' }),
    retry: permission({ kind: 'execution', action: 'retry' }),
    abandon: permission({ kind: 'execution', action: 'abandon' }),
    review: permission({ kind: 'review', action: 'sign' }),
    overrideFreeze: permissionOf(refusalOfOverride(change, freeze, override, now) ?? 'new'),
  };
}

function permissionOf(judged: Judged<'new' | 'repeated'>): Permission {
  if (isRefused(judged)) return { allowed: false, code: judged.code };
  return judged === 'repeated' ? { allowed: true, repeated: true } : { allowed: true };
}
