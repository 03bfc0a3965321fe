import { CountersignError } from '../domain/error.ts';
import type { Target } from '../domain/target.ts';
import type { Operation } from './operation.ts';

/**
 * What is wrong with a target in another region than the one that this installation serves, or null. ApsaraMQ's endpoint
 * alone decides where a call goes, so under another region's name one certificate would have another policy, other freezes
 * and a second open change. Regions of other services are their drivers' concern.
 *
 * @param served - `ONSMQTT_REGION`
 */
export function servedRegionFault(
  operation: Pick<Operation, 'service'> | undefined,
  { scope }: Target,
  served: string,
): string | null {
  if (operation?.service !== 'onsmqtt' || scope['regionId'] === served) return null;
  return `input.regionId: expected ${served}, the one region that is served here`;
}

/** @throws CountersignError `region_not_served` naming the field, where {@link servedRegionFault} finds one */
export function assertServedRegion(
  operation: Pick<Operation, 'service'> | undefined,
  target: Target,
  served: string,
): void {
  const message = servedRegionFault(operation, target, served);
  if (message === null) return;
  throw new CountersignError('region_not_served', message, {
    errors: [{ field: 'input.regionId', rule: 'served_region', message }],
  });
}
