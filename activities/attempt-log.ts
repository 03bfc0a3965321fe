import { appendEntry } from '../audit/append.ts';
import type { Attempt, Change } from '../domain/change.ts';
import type { JsonObject } from '../domain/json.ts';
import { changeMembers, workerActor } from '../domain/entry.ts';
import type { EntryDraft, EventType } from '../domain/entry.ts';
import { isoTime } from '../domain/time.ts';
import type { VendorFault } from '../onsmqtt/port.ts';
import { endAttempt } from '../store/end-attempt.ts';
import { inTransaction } from '../store/in-transaction.ts';
import { isSuperseded } from '../store/is-superseded.ts';
import { listOpenAttempts } from '../store/list-open-attempts.ts';
import { saveChange } from '../store/save-change.ts';
import { startAttempt } from '../store/start-attempt.ts';
import type { ActivityDependencies } from './dependencies.ts';

/** Which run of which activity writes; part of every attempt's entry. */
export interface ActivityRef {
  readonly namespace: string;
  readonly workflowId: string;
  readonly runId: string;
  readonly activityId: string;
  readonly attempt: number;
  /** ISO 8601: when Temporal scheduled this attempt of the activity. */
  readonly scheduledAt: string;
}

/** How an attempt ended, as the vendor said it or as it has to be assumed. */
export type AttemptResult = { readonly ok: true; readonly requestId: string } | VendorFault;

/** An attempt that may make its call once its entry is sealed. */
export interface StartedAttempt {
  readonly started: Attempt;
  readonly entry: EntryDraft;
}

/** Every attempt, recorded before and after its call. */
export function makeAttemptLog(deps: Pick<ActivityDependencies, 'pool' | 'now' | 'onAttempt'>) {
  const { pool, now = Date.now } = deps;

  function entry(
    change: Change,
    ref: ActivityRef,
    type: EventType,
    time: string,
    attempt: JsonObject & { readonly ordinal: number },
  ): EntryDraft {
    const { namespace, workflowId, runId, activityId } = ref;
    return {
      // The ordinal is the store's: it counts over every activity of the change, so it names the attempt for good.
      key: `${namespace}/${workflowId}/${type}/${activityId}/${attempt.ordinal}`,
      body: {
        v: 1,
        type,
        time,
        actor: workerActor,
        ...changeMembers(change),
        temporal: { namespace, workflowId, runId, activityId, attempt: ref.attempt },
        attempt,
      },
    };
  }

  async function end(
    change: Change,
    ref: ActivityRef,
    started: Attempt,
    result: AttemptResult,
  ): Promise<void> {
    const endedAt = isoTime(now());
    const outcome = result.ok ? 'succeeded' : result.class === 'unknown' ? 'unknown' : 'failed';
    const told = {
      ordinal: started.ordinal,
      class: result.ok ? null : result.class,
      httpStatus: result.ok ? 200 : result.httpStatus,
      code: result.ok ? 'OK' : result.code,
      message: result.ok ? null : result.message,
      requestId: result.requestId,
    };
    await inTransaction(pool, async (client) => {
      // Whoever ends the attempt first has said how it ended.
      if (!(await endAttempt(client, { ...told, changeId: change.id, outcome, endedAt }))) return;
      await appendEntry(client, entry(change, ref, `attempt.${outcome}`, endedAt, told));
    });
    deps.onAttempt?.({ class: result.ok ? 'succeeded' : result.class, code: told.code });
  }

  /**
   * That Temporal still waits for this run of the activity. A worker that stood still is given up, and would else end the
   * attempt of the worker that took over, and call beside it.
   *
   * @throws Error otherwise: whatever this run does no longer counts
   */
  async function assertCurrent(
    change: Change,
    { activityId, attempt, scheduledAt }: ActivityRef,
  ): Promise<void> {
    const own = { changeId: change.id, activityId, activityAttempt: attempt };
    if (await isSuperseded(pool, own, scheduledAt)) throw new Error('another worker has taken over');
  }

  return {
    assertCurrent,
    /** Records that a call is about to be made, with the change's state as it is then. */
    async start(change: Change, ref: ActivityRef): Promise<StartedAttempt> {
      const startedAt = isoTime(now());
      return await inTransaction(pool, async (client) => {
        const { activityId, attempt: activityAttempt } = ref;
        const started = await startAttempt(client, {
          changeId: change.id,
          activityId,
          activityAttempt,
          startedAt,
        });
        const { startedAt: time, ordinal } = started;
        const draft = entry(change, ref, 'attempt.started', time, { ordinal });
        await appendEntry(client, draft);
        await saveChange(client, change);
        return { started, entry: draft };
      });
    },
    end,
    /**
     * Ends attempts that a lost worker left open: what became of their calls is unknown.
     * @throws Error as `assertCurrent`
     */
    async endLost(change: Change, ref: ActivityRef): Promise<number> {
      await assertCurrent(change, ref);
      const lost = await listOpenAttempts(pool, change.id);
      for (const attempt of lost) {
        await end(change, ref, attempt, {
          ok: false,
          class: 'unknown',
          code: 'worker_lost',
          message: 'the worker was lost before it could record an answer',
          httpStatus: null,
          requestId: null,
          retryAfterMs: null,
        });
      }
      return lost.length;
    },
  };
}
