import { byChannel, stranger } from '../domain/channel.ts';
import type { Change } from '../domain/change.ts';
import { CountersignError } from '../domain/error.ts';
import type { SaidOf } from '../domain/statement.ts';
import { checked } from '../operations/checked.ts';
import type { Directory } from '../policies/directory.ts';
import { getChange } from '../store/get-change.ts';
import type { ApiDependencies } from './dependencies.ts';
import type { OutsideDecision } from './inbound.ts';
import { recordedFor } from './recorded.ts';
import type { Speaker } from './recorded.ts';
import { makeSay } from './say.ts';
import { decisionSchema, uuidSchema } from './schemas.ts';

/** Stands for a comment that is still to be written, where a policy asks for one. */
const toBeWritten = '…';

const commentSchema = decisionSchema.pick({ comment: true });

/** Decisions that come by a channel. They are judged, signed and recorded on the one way of all decisions. */
export interface DecideOutside {
  /**
   * @param system - the channel: the system's name in COUNTERSIGN_INTEGRATIONS
   * @param source - the address that it came from
   * @throws CountersignError `not_found`, `account_not_mapped`, `invalid_request` for a comment that the HTTP API takes from nobody, or what anybody's decision is refused for
   */
  decide(system: string, wanted: OutsideDecision, source: string | null): Promise<void>;
  /** Whether the person could decide so now, before they are asked for a comment. @throws CountersignError as `decide` */
  consider(system: string, wanted: Omit<OutsideDecision, 'comment'>, source: string | null): Promise<void>;
}

/** Makes the way of decisions that come by a channel. */
export function makeDecideOutside(deps: ApiDependencies): DecideOutside {
  const { db, policies, refusals } = deps;
  const { say, consider } = makeSay(deps);

  async function speaking(
    system: string,
    { account, action, changeId, digest }: Omit<OutsideDecision, 'comment'>,
    source: string | null,
  ): Promise<{ readonly change: Change; readonly speaker: Speaker }> {
    const known = uuidSchema.safeParse(changeId);
    const change = known.success ? await getChange(db, known.data.toLowerCase()) : null;
    if (!change) throw new CountersignError('not_found', 'there is no such change');
    const mapped = policies.current().directory.personOf?.(system, account) ?? null;
    if (mapped !== null) return { change, speaker: { person: personBy(system, mapped), source } };
    const wish = {
      type: 'decision.refused',
      change,
      wanted: { kind: 'decision', action, digest },
    } as const;
    return recordedFor(refusals, { person: stranger(system, account), source }, wish, () => {
      throw new CountersignError(
        'account_not_mapped',
        `the directory does not say whose account of ${system} it is`,
      );
    });
  }

  return {
    async decide(system, wanted, source) {
      const { change, speaker } = await speaking(system, wanted, source);
      // The one bound of comments: whatever a chat lets through, no signed statement has another one.
      checked(commentSchema, { comment: wanted.comment });
      await say(saidBy(wanted), change, speaker);
    },
    async consider(system, wanted, source) {
      const { change, speaker } = await speaking(system, wanted, source);
      await consider(saidBy({ ...wanted, comment: toBeWritten }), change, speaker);
    },
  };
}

/** What a decision by a channel says. */
function saidBy({ action, digest, comment }: OutsideDecision): SaidOf<'decision'> {
  return { kind: 'decision', action, digest, comment };
}

/** A person as a channel and the directory know them: in no group of a token, and without a login. */
function personBy(system: string, mapped: NonNullable<ReturnType<NonNullable<Directory['personOf']>>>) {
  const { issuer, subject, name, roles } = mapped;
  return { issuer, subject, name, roles, groups: [], authentication: byChannel(system) };
}
