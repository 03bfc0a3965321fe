import { setTimeout as delay } from 'node:timers/promises';
import type { Change, ChangeRequest } from '../domain/change.ts';
import { CountersignError } from '../domain/error.ts';
import { judgeTakeover } from '../domain/execution.ts';
import { isoTime } from '../domain/time.ts';
import { getOpenChange } from '../store/get-open-change.ts';
import type { ApiDependencies } from './dependencies.ts';
import { digestToStop } from './intact.ts';

const closesWithinMs = 10_000;

/**
 * Takes an ordinary change off the target of a break-glass request: it is withdrawn, and this returns once the target is
 * free. Whoever is stopped here may ask again with the same key.
 *
 * @throws CountersignError `open_change_exists` when another break-glass change holds the target, `call_started` when the
 * call of the ordinary one has begun (409); `engine_unavailable` when it has not let go in time (503)
 */
export async function takeOver(
  {
    db,
    engine,
    signer,
    refusals,
    now = Date.now,
  }: Pick<ApiDependencies, 'db' | 'engine' | 'signer' | 'refusals' | 'now'>,
  request: ChangeRequest,
  holder: Change,
): Promise<void> {
  const { operation, target, requester, id } = request;
  try {
    judgeTakeover(holder, false);
    const signed = signer.sign({
      v: 1,
      kind: 'takeover',
      changeId: holder.id,
      person: requester,
      action: 'take_over',
      comment: `break-glass change ${id}`,
      digest: await digestToStop(refusals, holder),
      round: holder.round,
      at: isoTime(now()),
    });
    await engine.send({ signed, source: null });
  } catch (error) {
    // It has ended meanwhile, by itself or by an earlier try of ours.
    if (!(error instanceof CountersignError) || error.code !== 'change_closed') throw error;
  }
  const until = now() + closesWithinMs;
  while (now() < until) {
    if ((await getOpenChange(db, operation, target)) !== holder.id) return;
    await delay(100);
  }
  throw new CountersignError('engine_unavailable', `change ${holder.id} has not let go of the target yet`, {
    extra: { changeId: holder.id },
  });
}
