import { CountersignError } from '../domain/error.ts';
import type { JsonObject } from '../domain/json.ts';
import type { Operation } from './operation.ts';

/**
 * What is wrong with an input that names another region than the one that this installation serves, or null. ApsaraMQ's
 * endpoint alone decides where a call goes, so under another region's name one certificate would have another policy, other
 * freezes and a second open change. Regions of other services are their drivers' concern.
 *
 * @param served - `ONSMQTT_REGION`
 */
export function servedRegionFault(
  operation: Pick<Operation, 'service'> | undefined,
  { regionId }: JsonObject,
  served: string,
): string | null {
  if (operation?.service !== 'onsmqtt' || regionId === served) return null;
  return `input.regionId: expected ${served}, the one region that is served here`;
}

/** @throws CountersignError `region_not_served` naming the field, where {@link servedRegionFault} finds one */
export function assertServedRegion(
  operation: Pick<Operation, 'service'> | undefined,
  input: JsonObject,
  served: string,
): void {
  const message = servedRegionFault(operation, input, served);
  if (message === null) return;
  throw new CountersignError('region_not_served', message, {
    errors: [{ field: 'input.regionId', rule: 'served_region', message }],
  });
}
