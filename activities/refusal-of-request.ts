import type { ChangeRequest } from '../domain/change.ts';
import { workflowIdOf } from '../domain/change.ts';
import { entryBodyOf, requestedEvent } from '../domain/change-event.ts';
import { refusalOfLength } from '../domain/entry.ts';
import type { EntryBody } from '../domain/entry.ts';
import { newChange } from '../domain/evolve.ts';
import { servedRegionFault } from '../operations/served-region.ts';
import { attests } from './approval.ts';
import { assertPolicy } from './assert-policy.ts';
import type { OpenedResult, Opening } from './contract.ts';
import type { ActivityDependencies } from './dependencies.ts';
import type { Writer } from './write-events.ts';

/**
 * What is against a request by itself, whatever else is open and whoever may ask; null where nothing is.
 *
 * @param deps.region - the one region that is served; null: any
 * @throws ApplicationFailure `policy_digest_differs`
 */
export function refusalOfRequest(
  deps: Pick<ActivityDependencies, 'operations' | 'verifyStatement' | 'alarm'> & {
    readonly region: string | null;
  },
  request: ChangeRequest,
  { workflowId }: Pick<Writer, 'workflowId'>,
): OpenedResult | null {
  const { operations, verifyStatement, region } = deps;
  if (workflowId !== workflowIdOf(request.id)) {
    const message = `workflow ${workflowId} may not open change ${request.id}`;
    return { kind: 'refused', code: 'host_not_allowed', message };
  }
  const change = newChange(request);
  const { operation, target } = change;
  const elsewhere = region === null ? null : servedRegionFault(operations.get(operation), target, region);
  if (elsewhere !== null) return { kind: 'invalid', code: 'region_not_served', message: elsewhere };
  if (request.submission !== null && !attests(request.submission, change, verifyStatement)) {
    const message = 'the submission is not signed for this change by a known key';
    return { kind: 'invalid', code: 'bad_signature', message };
  }
  assertPolicy(deps, change);
  return null;
}

/** The first entry of a change. @param writer - the workflow that opens it */
export function firstEntryOf({ request, host }: Opening, writer: Writer): EntryBody {
  return entryBodyOf(newChange(request), requestedEvent(request, host), { ...writer });
}

/** Why a change's first entry cannot be written; null when it can. */
export function refusalOfFirstEntry(body: EntryBody): OpenedResult | null {
  const tooLong = refusalOfLength(body, 'this request');
  return tooLong && { kind: 'invalid', message: tooLong.message };
}
