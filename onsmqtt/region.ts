import { CountersignError } from '../domain/error.ts';
import { isLoopback } from './endpoint.ts';

const regional = /^onsmqtt(?:-vpc)?\.([a-z]{2,}(?:-[a-z0-9]+)+)\.aliyuncs\.com$/;

/**
 * The one region that an installation serves: the one that is set, or that of the endpoint's host name
 * (`onsmqtt.<region>.aliyuncs.com`, `onsmqtt-vpc.<region>.aliyuncs.com`), or `cn-hangzhou` on loopback.
 *
 * @param region - `ONSMQTT_REGION`
 * @param endpoint - `ONSMQTT_ENDPOINT`, a URL
 * @throws CountersignError `invalid_configuration` when neither names a region, or each another one
 */
export function servedRegion(region: string | undefined, endpoint: string | undefined): string {
  const host = endpoint === undefined ? null : (URL.parse(endpoint)?.hostname ?? null);
  const named = host === null ? undefined : regional.exec(host)?.[1];
  if (region !== undefined && named !== undefined && region !== named) {
    refuse('same_region', `expected ${named}, the region of ONSMQTT_ENDPOINT, got ${region}`);
  }
  const served = region ?? named ?? (host !== null && isLoopback(host) ? 'cn-hangzhou' : undefined);
  if (served === undefined) {
    refuse('required', 'must be set: ONSMQTT_ENDPOINT does not name a region; see docs/configuration.md');
  }
  return served;
}

function refuse(rule: string, message: string): never {
  throw new CountersignError('invalid_configuration', `ONSMQTT_REGION: ${message}`, {
    errors: [{ field: 'ONSMQTT_REGION', rule, message }],
  });
}
