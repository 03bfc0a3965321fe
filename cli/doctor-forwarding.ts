import type { Pool } from 'pg';
import { readForwardBacklog } from '../audit/forward/backlog.ts';
import { readForwarded } from '../audit/forward/kept-checkpoint.ts';
import type { Environment } from './environment.ts';
import type { Finding } from './finding.ts';
import { forwardSource } from './forward-place.ts';

/** How far behind the place of COUNTERSIGN_FORWARD_TO is. */
export async function examineForwarding(env: Environment, pool: Pool): Promise<Omit<Finding, 'name'>> {
  const place = forwardSource(env);
  const there = await readForwarded(place);
  const { entries, seconds } = await readForwardBacklog(pool, there?.size ?? 0);
  const ok = seconds < Math.max(300, 10 * env.COUNTERSIGN_FORWARD_SECONDS);
  const has = there === null ? 'nothing' : `${there.size} entries of ${there.origin}`;
  const behind = entries === 0 ? 'all that is sealed' : `${entries} behind, for ${Math.round(seconds)} s`;
  return {
    ok,
    found: `${place.name} has ${has}: ${behind}`,
    remedy: ok ? '' : 'start the forwarder, or look at its log',
  };
}
