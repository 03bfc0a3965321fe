import type { Change } from '../domain/change.ts';
import { judgeSaid } from '../domain/actions.ts';
import { allowed, CountersignError } from '../domain/error.ts';
import { directoryOf } from '../domain/membership.ts';
import type { Person } from '../domain/person.ts';
import { refusalOfRecord } from '../domain/refusal-of-record.ts';
import { newStatement } from '../domain/statement.ts';
import type { Said } from '../domain/statement.ts';
import { isoTime } from '../domain/time.ts';
import { getChange } from '../store/get-change.ts';
import { readActionFacts } from './action-facts.ts';
import type { ApiDependencies } from './dependencies.ts';
import { recordedFor } from './recorded.ts';
import type { Speaker } from './recorded.ts';

/** What somebody says of a change, on its way from whoever heard it to the workflow. */
export interface Say {
  /**
   * Judges what somebody says, signs it and brings it to the change's workflow. A refusal is recorded under their name.
   * The one way of every decision, by whatever channel it came.
   *
   * @throws CountersignError the refusal; `change_closed`, and what the engine and the log answer
   */
  readonly say: (asked: Said, change: Change, speaker: Speaker) => Promise<void>;
  /**
   * Whether somebody could say it now; nothing is signed and nothing sent. A refusal is recorded.
   * @throws CountersignError the refusal
   */
  readonly consider: (asked: Said, change: Change, speaker: Speaker) => Promise<void>;
}

/** Makes the way of what people say. */
export function makeSay(deps: ApiDependencies): Say {
  const { db, engine, signer, policies, refusals, now = Date.now } = deps;

  /** What somebody says, with what the directory says of them. */
  function withDirectory(asked: Said, change: Change, person: Person): Said {
    if (asked.kind !== 'decision') return asked;
    const { groupsIn } = policies.current().directory;
    const said = directoryOf(change, person, isoTime(now()), groupsIn);
    return said.length > 0 ? { ...asked, directory: said } : asked;
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
    async consider(asked, change, speaker) {
      const { person } = speaker;
      const wanted = withDirectory(asked, change, person);
      await recordedSaying(wanted, change, speaker, async () => {
        const facts = await readActionFacts(deps, change, person, false);
        allowed(judgeSaid(facts, wanted, person, now()));
      });
    },

    async say(asked, change, speaker) {
      const { person, source } = speaker;
      const wanted = withDirectory(asked, change, person);
      const { kind, action } = wanted;
      await recordedSaying(wanted, change, speaker, async () => {
        const facts = await readActionFacts(
          deps,
          change,
          person,
          kind === 'decision' && action === 'approve',
        );
        const judge = (as: Change) => allowed(judgeSaid({ ...facts, change: as }, wanted, person, now()));
        if (judge(change) === 'repeated') return;
        const statement = newStatement(wanted, change, person, isoTime(now()));
        const request = { signed: signer.sign(statement), source };
        allowed(refusalOfRecord(change, request, now()));
        const asStored = async (): Promise<Change> => (await getChange(db, change.id)) ?? change;
        await engine.send(request).catch(async (error: unknown) => {
          if (!(error instanceof CountersignError) || error.code !== 'change_closed') throw error;
          // The workflow has ended since the change was read: the stored change says why, or that this request came through.
          if (judge(await asStored()) === 'new') throw error;
        });
        // Two reviews at once meet in one workflow: the stored review says who signed it.
        if (kind === 'review') judge(await asStored());
      });
    },
  };
}
