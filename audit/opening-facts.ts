import { answerableFor } from '../domain/person.ts';
import type { Change } from '../domain/change.ts';
import { countsIf } from '../domain/entry-writer.ts';
import type { IsWritten } from '../domain/entry-writer.ts';
import { tokenIn } from '../domain/rule-entries.ts';
import type { LoggedToken } from '../domain/rule-entries.ts';
import { isInLog } from '../store/is-in-log.ts';
import type { Queryable } from '../store/queryable.ts';
import { asLogError } from './log-error.ts';
import { bodyOf } from './read-body.ts';

/** What of the log may keep a change from being opened. */
export interface OpeningFacts {
  /** Another change on the target that has not ended; null: none. */
  readonly holder: string | null;
  /** Whether the policy is revoked, by the log or by its row. */
  readonly isRevoked: boolean;
  /** The requester's API token; null where the log does not tell of one that the API has issued. */
  readonly token: LoggedToken | null;
  /** Other break-glass changes of whoever answers for this one, whose review nobody has signed, owed or not. */
  readonly unreviewed: readonly string[];
}

/**
 * What the log tells against a new change, in one statement: it is asked beside the tables whose unique rows decide a race,
 * so that a row which is gone lets nobody in.
 *
 * @param isWritten - whether a key of the API wrote an entry
 * @throws CountersignError `log_unavailable`
 */
export async function readOpeningFacts(
  db: Queryable,
  isWritten: IsWritten,
  { id, target, policy, requester }: Pick<Change, 'id' | 'target' | 'policy' | 'requester'>,
): Promise<OpeningFacts> {
  const { issuer, subject } = answerableFor(requester);
  try {
    const { rows } = await db.query<Omit<OpeningFacts, 'token'> & { token: Buffer[] }>({
      name: 'opening-facts',
      text: `select
          (select r.change_id from audit.entry r
            where r.type = 'change.requested' and audit.told(r.bytes, '{target}') = $2 and r.change_id <> $1
              and not exists (select from audit.entry c where c.change_id = r.change_id and c.type = 'change.closed')
            limit 1) as holder,
          exists (select from countersign.policy_revocation where digest = $3)
            or exists (select from audit.entry where type = 'policy.revoked' and audit.rule(bytes) = $3) as "isRevoked",
          array(select t.bytes from audit.entry t
            where t.type in ('token.issued', 'token.revoked') and audit.rule(t.bytes) = $4
              and ${isInLog('t')}) as token,
          array(select r.change_id from audit.entry r
            where r.type = 'change.requested' and position('"breakGlass":true'::bytea in r.bytes) > 0
              and audit.answerable(r.bytes) = $5 and r.change_id <> $1
              and not exists (select from audit.entry s where s.change_id = r.change_id and s.type = 'review.signed')
            order by r.id desc) as unreviewed`,
      values: [id, target.id, policy.digest, requester.subject, `${issuer} ${subject}`],
    });
    const [found] = rows;
    if (found === undefined) throw new Error('the statement has no row');
    const told = found.token.map(bodyOf).filter(countsIf(isWritten));
    return { ...found, token: tokenIn(told) };
  } catch (error) {
    throw asLogError(error);
  }
}
