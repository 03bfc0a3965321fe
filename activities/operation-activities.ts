import { activityInfo } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { GatedCall, VendorActivities } from './contract.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { makeGatedCall } from './gated-call.ts';
import { makePrecheck } from './precheck.ts';
import { makeSettle } from './settle.ts';

/**
 * The activities that talk to services: the precheck, the settlement, and the gated call of each operation under the
 * operation's own name. Temporal calls `default` for a name that this worker does not have.
 */
export function makeOperationActivities(
  deps: ActivityDependencies,
): VendorActivities & Record<string, GatedCall> {
  const own: VendorActivities = { precheck: makePrecheck(deps), settle: makeSettle(deps) };
  const gatedCall = makeGatedCall(deps);
  const calls: Record<string, GatedCall> = {
    default: () => {
      const { activityType } = activityInfo();
      const message = `this worker does not have the operation ${activityType}`;
      deps.alarm?.('operation_out_of_step', message);
      return Promise.reject(ApplicationFailure.retryable(message, 'operation_out_of_step'));
    },
  };
  for (const { name } of deps.operations.list) {
    calls[name] = gatedCall(name);
  }
  return { ...own, ...calls } as VendorActivities & Record<string, GatedCall>;
}
