import type { EntryBody } from '../domain/entry.ts';
import { samePerson } from '../domain/person.ts';
import type { SignedStatement, Statement } from '../domain/statement.ts';
import type { Queryable } from '../store/queryable.ts';
import { asLogError } from './log-error.ts';

/**
 * Those of a change's signed approvals that their authors took back after they had come: whoever has the statement may bring
 * it again, or have a workflow forget what came after it, and the signature still fits. What counts is when the log had it first.
 * @throws CountersignError `log_unavailable`
 */
export async function listTakenBack(
  db: Queryable,
  changeId: string,
  approvals: readonly SignedStatement[],
): Promise<SignedStatement[]> {
  try {
    const { rows } = await db.query<{ bytes: Buffer }>({
      name: 'list-taken-back',
      text: `select bytes from audit.entry
        where change_id = $1 and type in ('decision.approved', 'decision.withdrawn') order by id`,
      values: [changeId],
    });
    const told = rows.map(({ bytes }) => toldBy(JSON.parse(bytes.toString('utf8')) as EntryBody));
    return approvals.filter(({ statement, signature }) => {
      const first = told.findIndex((one) => one.signature === signature);
      return (
        first >= 0 &&
        told
          .slice(first)
          .some((one) => one.type === 'decision.withdrawn' && samePerson(one.person, statement.person))
      );
    });
  } catch (error) {
    throw asLogError(error);
  }
}

function toldBy({ type, ...body }: EntryBody) {
  const { statement, signature } = body as unknown as {
    readonly statement: Statement;
    readonly signature: { readonly value: string };
  };
  return { type, person: statement.person, signature: signature.value };
}
