import type { Environment } from './environment.ts';
import { originOf } from './own-origin.ts';

/**
 * The origin of Temporal's web UI, whose page may ask for decoded payloads; null where none is configured.
 *
 * @throws CountersignError `invalid_configuration`
 */
export function temporalUiOrigin({
  COUNTERSIGN_TEMPORAL_UI_URL: url,
}: Pick<Environment, 'COUNTERSIGN_TEMPORAL_UI_URL'>): string | null {
  return url === undefined ? null : originOf('COUNTERSIGN_TEMPORAL_UI_URL', url).origin;
}
