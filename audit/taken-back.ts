import type { EntryBody } from '../domain/entry.ts';
import { samePerson } from '../domain/person.ts';
import type { SignedStatement, Statement } from '../domain/statement.ts';
import type { Queryable } from '../store/queryable.ts';
import { listBodies } from './list-bodies.ts';

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
  const bodies = await listBodies(db, changeId, ['decision.approved', 'decision.withdrawn']);
  const told = bodies.map(toldBy);
  return approvals.filter(({ statement, signature }) => {
    const first = told.findIndex((one) => one.signature === signature);
    return (
      first >= 0 &&
      told
        .slice(first)
        .some((one) => one.type === 'decision.withdrawn' && samePerson(one.person, statement.person))
    );
  });
}

function toldBy({ type, ...body }: EntryBody) {
  const { statement, signature } = body as unknown as {
    readonly statement: Statement;
    readonly signature: { readonly value: string };
  };
  return { type, person: statement.person, signature: signature.value };
}
