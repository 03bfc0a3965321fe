import { isDeepStrictEqual as isSame } from 'node:util';
import { log } from '@temporalio/activity';
import { CountersignError } from '../domain/error.ts';
import type { ErrorCode } from '../domain/error.ts';
import { isAllowedHost, requesterOfHost } from '../domain/host.ts';
import { needsNobody } from '../domain/progress.ts';
import type { PinnedPolicy } from '../domain/policy.ts';
import type { SignedStatement } from '../domain/statement.ts';
import { isoTime } from '../domain/time.ts';
import { readInput } from '../operations/inputs.ts';
import { pinsOf } from '../operations/operation.ts';
import type { HostAccepted, Opening, Refused } from './contract.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { askingHost } from './host.ts';
import type { Asking } from './host.ts';
import { readHostRequest } from './host-request.ts';
import type { RequestFault } from './request-fault.ts';
import { assertAttributes } from './search-attributes.ts';

/** How long a signed submission may take to Temporal, and how far the clocks of API and Temporal may differ, ms. */
const signedBeforeMs = 5 * 60_000;

/** Decides whether a request becomes a change, by this worker's own policies and by what Temporal says of its host. */
export function makeAcceptance(deps: ActivityDependencies) {
  const { operations, policies, hosts = [] } = deps;

  /** The host that asks for the change. @throws a refusal `host_not_allowed` when it may not */
  async function allowed(changeId: string): Promise<Asking> {
    const asking = await askingHost(changeId);
    const { namespace, type } = asking.host;
    if (!isAllowedHost(hosts, asking.host)) {
      throw refusal(
        'host_not_allowed',
        `workflows of type ${type} in namespace ${namespace} may not ask for changes`,
      );
    }
    return asking;
  }

  function policyForHost(asked: Parameters<typeof policies.forHost>[0], startedAt: string): PinnedPolicy {
    const policy = policies.forHost(asked, Date.parse(startedAt));
    // Only the API's signature on the submission guards such a call, and a host has none.
    if (needsNobody({ breakGlass: false, policy })) {
      throw refusal(
        'token_needed',
        `policy ${policy.name} asks nobody, so a person has to ask for it by the API`,
      );
    }
    return policy;
  }

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

  /** Checks that a host's request has exactly the members that this worker itself would give it. */
  async function assertHosted({ request: change, host }: Opening): Promise<void> {
    const asking = await allowed(change.id);
    const { startedAt } = asking;
    const policy = policyForHost(change, startedAt);
    if (!isSame(policy, change.policy)) {
      throw refusal('policy_out_of_step', 'the policies of this worker are others than a moment ago');
    }
    const latest = Date.parse(startedAt) + policy.decideWithinMs;
    const isOurs =
      isSame(change.requester, requesterOfHost(change.requester, asking.host)) &&
      isSame(host, asking.host) &&
      change.submittedAt === startedAt &&
      Date.parse(change.decideBy) <= latest &&
      !change.breakGlass;
    if (!isOurs) throw refusal('invalid_request', 'the change is not as a host may ask for it');
  }

  /** A refusal as a result: the workflow fails with it, and a line of this worker says why. */
  async function unless<T>(work: () => Promise<T>): Promise<T | Refused> {
    try {
      return await work();
    } catch (error) {
      // A repeat of a request that cannot be understood is of no use, and nobody would notice it.
      const isOurs = error instanceof CountersignError;
      if (!isOurs && !(error instanceof TypeError) && !(error instanceof RangeError)) throw error;
      const { message } = error;
      const code = isOurs ? error.code : 'internal_error';
      log.warn(`a request is not taken up: ${message}`, { code });
      if (code === 'policy_out_of_step' || code === 'operation_out_of_step') deps.alarm?.(code, message);
      return { kind: 'refused', code, message };
    }
  }

  return {
    /**
     * Null when the change may be opened.
     * @param fault - what is wrong with the request itself
     */
    refusalOf: (opening: Opening, fault: RequestFault | null): Promise<Refused | null> =>
      unless(async () => {
        if (fault !== null) throw refusal(fault.code, fault.message);
        const { submission } = opening.request;
        if (submission === null) await assertHosted(opening);
        else assertInStep(opening, submission);
        return null;
      }),

    acceptHost: ({ request: sent }: { readonly request: unknown }): Promise<HostAccepted> =>
      unless(async () => {
        const asked = readHostRequest(sent);
        const { host, startedAt } = await allowed(asked.id);
        await assertAttributes();
        const { decideWithinMs, executeWithinMs, tellsTakenUp: _, ...rest } = asked;
        const found = readInput(operations, asked);
        if (found.fault !== null) throw refusal('invalid_request', found.fault);
        const { target } = found;
        const question = {
          ...rest,
          target,
          requester: requesterOfHost(asked.requester, host),
          breakGlass: false,
        };
        const policy = policyForHost(question, startedAt);
        const decideMs = Math.min(decideWithinMs ?? Infinity, policy.decideWithinMs);
        return {
          kind: 'accepted' as const,
          host,
          request: {
            ...question,
            ...pinsOf(found.operation),
            input: found.input,
            policy,
            submittedAt: startedAt,
            decideBy: isoTime(Date.parse(startedAt) + decideMs),
            executeAfter: null,
            executeBy: null,
            executeWithinMs: Math.min(executeWithinMs ?? Infinity, policy.executeWithinMs),
            submission: null,
            idempotency: null,
            source: `workflow ${host.workflowId}`,
          },
        };
      }),
  };
}

function refusal(code: ErrorCode, message: string): CountersignError {
  return new CountersignError(code, message);
}
