import type { Change, SignedRequest } from '../domain/change.ts';
import { refusalOfEvent } from '../domain/change-event.ts';
import { decide, wantedBy } from '../domain/decide.ts';
import { judgeDecision } from '../domain/decision.ts';
import { allowed, CountersignError } from '../domain/error.ts';
import { directoryOf } from '../domain/membership.ts';
import type { Person } from '../domain/person.ts';
import { mayRead } from '../domain/reading.ts';
import { newStatement } from '../domain/statement.ts';
import type { Said, SaidOf } from '../domain/statement.ts';
import { hasStopped } from '../domain/stop.ts';
import { isoTime } from '../domain/time.ts';
import { getChange } from '../store/get-change.ts';
import type { Queryable } from '../store/queryable.ts';
import type { ApiDependencies } from './dependencies.ts';
import { assertIntact } from './intact.ts';
import { recordedFor } from './recorded.ts';
import type { Speaker } from './recorded.ts';
import { refuseUnsealed } from './sealed.ts';
import { readStanding } from './stop.ts';

/** Whether a request would change anything. */
export type Verdict = 'new' | 'repeated';

/** Whether what somebody wants is allowed of a change as it is. @throws CountersignError the refusal */
export type Judge<S extends Said> = (change: Change, person: Person, wanted: S) => Verdict | Promise<Verdict>;

/** What somebody says of a change, on its way from whoever heard it to the workflow. */
export interface Say {
  /**
   * Judges what somebody says, signs it and brings it to the change's workflow. A refusal is recorded under their name.
   * The one way of every decision, by whatever channel it came.
   *
   * @throws CountersignError the refusal; `change_closed`, and what the engine and the log answer
   */
  readonly say: <S extends Said>(
    asked: S,
    change: Change,
    speaker: Speaker,
    judge: Judge<S>,
  ) => Promise<void>;
  /** The judge of decisions. */
  readonly judgeDecided: Judge<SaidOf<'decision'>>;
  /**
   * Whether somebody could say it now; nothing is signed and nothing sent. A refusal is recorded.
   * @throws CountersignError the refusal
   */
  readonly consider: <S extends Said>(
    asked: S,
    change: Change,
    speaker: Speaker,
    judge: Judge<S>,
  ) => Promise<Verdict>;
}

/** Makes the way of what people say. */
export function makeSay(deps: ApiDependencies): Say {
  const { db, engine, signer, policies, refusals, unsealedLimitSeconds, now = Date.now } = deps;

  /** What somebody says, with what the directory says of them. */
  function withDirectory<S extends Said>(asked: S, change: Change, person: Person): S {
    if (asked.kind !== 'decision') return asked;
    const { groupsIn } = policies.current().directory;
    const said = directoryOf(change, person, isoTime(now()), groupsIn);
    return said.length > 0 ? { ...asked, directory: said } : asked;
  }

  async function judged<S extends Said>(
    wanted: S,
    change: Change,
    person: Person,
    judge: Judge<S>,
  ): Promise<Verdict> {
    const { kind } = wanted;
    // A person decides or reviews what they were shown, so it must be what is stored. A word to stop is accepted anyway.
    if (kind === 'decision' || kind === 'review') await assertIntact(refusals, change);
    // A person who may not read the change must not learn of it by deciding.
    if (
      kind.startsWith('decision') &&
      !mayRead(change, person, policies.current().directory.groupsIn, now())
    ) {
      throw new CountersignError('not_an_approver', 'the change awaits no decision of yours');
    }
    if (kind.startsWith('decision')) await assertGoesOn(db, change.id);
    return judge(change, person, wanted);
  }

  function recordedSaying<T>(
    { kind, action, digest = null }: Said,
    change: Change,
    speaker: Speaker,
    work: () => Promise<T>,
  ): Promise<T> {
    const type = kind.startsWith('decision') ? 'decision.refused' : 'request.refused';
    return recordedFor(refusals, speaker, { type, change, wanted: { kind, action, digest } }, work);
  }

  return {
    judgeDecided: (change, person, said) => allowed(judgeDecision(change, wantedBy(said, person), now())),

    consider(asked, change, speaker, judge) {
      const { person } = speaker;
      const wanted = withDirectory(asked, change, person);
      return recordedSaying(wanted, change, speaker, () => judged(wanted, change, person, judge));
    },

    async say(asked, change, speaker, judge) {
      const { person, source } = speaker;
      const wanted = withDirectory(asked, change, person);
      await recordedSaying(wanted, change, speaker, async () => {
        if ((await judged(wanted, change, person, judge)) === 'repeated') return;
        const { kind, action } = wanted;
        if (kind === 'decision' && action === 'approve') await refuseUnsealed(db, unsealedLimitSeconds);
        const statement = newStatement(wanted, change, person, isoTime(now()));
        const request = { signed: signer.sign(statement), source };
        allowed(refusalOfRecord(change, request, now()));
        const asStored = async (): Promise<Change> => (await getChange(db, change.id)) ?? change;
        await engine.send(request).catch(async (error: unknown) => {
          if (!(error instanceof CountersignError) || error.code !== 'change_closed') throw error;
          // The workflow has ended since the change was read: the stored change says why, or that this request came through.
          if ((await judge(await asStored(), person, wanted)) === 'new') throw error;
        });
        // Two reviews at once meet in one workflow: the stored review says who signed it.
        if (kind === 'review') await judge(await asStored(), person, wanted);
      });
    },
  };
}

/** Why what somebody said could not be written down; null when it could, and where there is nothing to write. */
function refusalOfRecord(change: Change, request: SignedRequest, now: number): CountersignError | null {
  const verdict = decide(change, { kind: 'request', request }, { now });
  const [event] = 'events' in verdict ? verdict.events : [];
  return event ? refusalOfEvent(change, event) : null;
}

/** Refuses a decision on a change that was stopped for good, also when its workflow does not know yet. */
async function assertGoesOn(db: Queryable, id: string): Promise<void> {
  const { standing } = await readStanding(db, id);
  if (standing === 'revoked') throw new CountersignError('policy_revoked', 'the policy was revoked');
  if (hasStopped(standing)) {
    throw new CountersignError('already_stopped', `the change was stopped for good before: ${standing}`);
  }
}
