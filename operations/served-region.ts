import { CountersignError } from '../domain/error.ts';
import type { Target } from '../domain/target.ts';

/**
 * What is wrong with a target in another region than the one that this installation serves, or null. The endpoint
 * alone decides where a call goes, so under another region's name one certificate would have another policy, other freezes
 * and a second open change.
 *
 * @param served - `ONSMQTT_REGION`
 */
export function servedRegionFault({ scope }: Target, served: string): string | null {
  const { regionId } = scope;
  if (regionId === undefined || regionId === served) return null;
  return `input.regionId: expected ${served}, the one region that is served here`;
}

/** @throws CountersignError `region_not_served` naming the field, where {@link servedRegionFault} finds one */
export function assertServedRegion(target: Target, served: string): void {
  const message = servedRegionFault(target, served);
  if (message === null) return;
  throw new CountersignError('region_not_served', message, {
    errors: [{ field: 'input.regionId', rule: 'served_region', message }],
  });
}
