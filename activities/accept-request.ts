import { isDeepStrictEqual as isSame } from 'node:util';
import { CountersignError } from '../domain/error.ts';
import { needsNobody } from '../domain/progress.ts';
import type { SignedStatement } from '../domain/statement.ts';
import type { makeHostAcceptance } from './accept-host.ts';
import type { Opening, Refused } from './contract.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { refusal, refusedOr } from './refused-or.ts';
import type { RequestFault } from './request-fault.ts';

/** How long a signed submission may take to Temporal, and how far the clocks of API and Temporal may differ, ms. */
const signedBeforeMs = 5 * 60_000;

/** Decides whether a request becomes a change, by this worker's own policies and by what Temporal says of its host. */
export function makeAcceptance(
  deps: Pick<ActivityDependencies, 'policies' | 'alarm'>,
  hosts: Pick<ReturnType<typeof makeHostAcceptance>, 'assertHosted'>,
) {
  const { policies } = deps;

  /** Checks that the API's policy is also this worker's choice: for that person, at the moment that is signed. */
  function assertInStep({ request: change, startedAt }: Opening, { statement }: SignedStatement): void {
    if (!isSame(statement.person, change.requester) || statement.at !== change.submittedAt) {
      throw refusal('invalid_request', 'the submission is signed for another requester or moment');
    }
    const own = (at: string) => {
      try {
        return policies.forPerson(change, Date.parse(at));
      } catch (error) {
        if (!(error instanceof CountersignError)) throw error;
        throw refusal('policy_out_of_step', `this worker's own policies say ${error.code}: ${error.message}`);
      }
    };
    const { submittedAt } = change;
    const isLate = Math.abs(Date.parse(startedAt) - Date.parse(submittedAt)) > signedBeforeMs;
    // A moment that is long past must not choose a policy for other hours.
    for (const policy of [own(submittedAt), ...(isLate ? [own(startedAt)] : [])]) {
      if (isSame(policy, change.policy)) continue;
      const { name, version } = change.policy;
      throw refusal(
        'policy_out_of_step',
        `policy ${name}, version ${version} is not what this worker's own file has for it: ${policy.name}, version ${policy.version}`,
      );
    }
    // A request that was refused then stays refused: nobody would approve it before its call now.
    if (isLate && needsNobody(change)) {
      throw refusal(
        'invalid_request',
        `the submission was signed at ${submittedAt}, too long before it came`,
      );
    }
  }

  return {
    /** As `refusalOf`, of a request that this worker has completed itself a moment ago. */
    refusalOfChecked: (_: Opening, fault: RequestFault | null): Promise<Refused | null> =>
      refusedOr(deps, () => {
        if (fault !== null) throw refusal(fault.code, fault.message);
        return Promise.resolve(null);
      }),
    /**
     * Null when the change may be opened.
     * @param fault - what is wrong with the request itself
     */
    refusalOf: (opening: Opening, fault: RequestFault | null): Promise<Refused | null> =>
      refusedOr(deps, async () => {
        if (fault !== null) throw refusal(fault.code, fault.message);
        const { submission } = opening.request;
        if (submission === null) await hosts.assertHosted(opening);
        else assertInStep(opening, submission);
        return null;
      }),
  };
}
