import type { ActionFacts } from '../domain/actions.ts';
import type { Change } from '../domain/change.ts';
import type { CountersignError } from '../domain/error.ts';
import type { Person } from '../domain/person.ts';
import { mayRead } from '../domain/reading.ts';
import type { ApiDependencies } from './dependencies.ts';
import { isIntact } from './intact.ts';
import { refusalOfUnsealed } from './sealed.ts';
import { standingOfChange } from './standing.ts';
import type { StandingFacts } from './standing.ts';

type Deps = Pick<ApiDependencies, 'db' | 'policies' | 'refusals' | 'unsealedLimitSeconds' | 'now'>;

/**
 * What the rules of `judgeSaid` (domain/actions.ts) have to know of a change and of somebody, as Postgres has it. A change
 * that differs from its digest is recorded.
 *
 * @param approves - whether they may come to approve: only then the log's checkpoints are asked about
 * @throws CountersignError `log_unavailable`
 */
export async function readActionFacts(
  { db, policies, refusals, unsealedLimitSeconds, now = Date.now }: Deps,
  change: Change,
  person: Person,
  approves: boolean,
): Promise<ActionFacts & StandingFacts> {
  const { groupsIn } = policies.current().directory;
  const unsealed: CountersignError | null = approves
    ? await refusalOfUnsealed(db, unsealedLimitSeconds)
    : null;
  return {
    ...(await standingOfChange(db, change)),
    isIntact: await isIntact(refusals, change),
    mayRead: mayRead(change, person, groupsIn, now()),
    unsealed,
  };
}
