import { setTimeout as delay } from 'node:timers/promises';
import type { Change, ChangeRequest } from '../domain/change.ts';
import { CountersignError } from '../domain/error.ts';
import { getOpenChange } from '../store/get-open-change.ts';
import type { ApiDependencies } from './dependencies.ts';
import { sayStopWord } from './stop.ts';

const closesWithinMs = 10_000;

/**
 * Takes an ordinary change off the target of a break-glass request: it is withdrawn, and this returns once the target is
 * free. A client whose request is cut off here can send the same key again.
 *
 * @throws CountersignError `open_change_exists` when another break-glass change holds the target, `call_started` when the
 * call of the ordinary one has begun (409); `engine_unavailable` when it has not let go in time (503)
 */
export async function takeOver(deps: ApiDependencies, request: ChangeRequest, holder: Change): Promise<void> {
  const { db, now = Date.now } = deps;
  const { target, requester, id } = request;
  const said = { kind: 'takeover', action: 'take_over', comment: `break-glass change ${id}` } as const;
  try {
    await sayStopWord(deps, holder.id, requester, said, request.source);
  } catch (error) {
    // The change is ending already: by itself, by somebody's word, or by an earlier request of ours.
    const ends = ['change_closed', 'already_stopped'];
    if (!(error instanceof CountersignError) || !ends.includes(error.code)) throw error;
  }
  const until = now() + closesWithinMs;
  while (now() < until) {
    if ((await getOpenChange(db, target.id)) !== holder.id) return;
    await delay(100);
  }
  throw new CountersignError('engine_unavailable', `change ${holder.id} has not let go of the target yet`, {
    extra: { changeId: holder.id },
  });
}
