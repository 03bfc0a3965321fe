import type { PoolClient } from 'pg';
import { appendEntry } from '../audit/append.ts';
import { notSent } from '../domain/attempt.ts';
import type { Attempt, Change } from '../domain/change.ts';
import { entryBodyOf } from '../domain/change-event.ts';
import type { ChangeEvent } from '../domain/change-event.ts';
import { decide } from '../domain/decide.ts';
import type { Command } from '../domain/decide.ts';
import { entryKey } from '../domain/entry.ts';
import type { EntryDraft } from '../domain/entry.ts';
import { evolve } from '../domain/evolve.ts';
import { mayHappen, phaseOf } from '../domain/lifecycle.ts';
import { fault } from '../domain/fault.ts';
import type { Fault } from '../domain/fault.ts';
import { isoTime } from '../domain/time.ts';
import type { SentAnswer } from '../operations/implement.ts';
import { endAttempt } from '../store/end-attempt.ts';
import { inTransaction } from '../store/in-transaction.ts';
import { isSuperseded } from '../store/is-superseded.ts';
import { listOpenAttempts } from '../store/list-open-attempts.ts';
import { startAttempt } from '../store/start-attempt.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { keep, lockedChange } from './write-events.ts';

type AttemptCommand = Extract<Command, { kind: 'begin' | 'answer' }>;
type AttemptEvent = Extract<ChangeEvent, { attempt: unknown }>;

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

/** An activity of a change, over all of its runs: Temporal counts activities anew in each. */
function activityOf({ runId, activityId }: ActivityRef): string {
  return `${runId}/${activityId}`;
}

/** How an attempt ended: as the service said, or as it must be assumed. */
export type AttemptResult = SentAnswer | Fault;

/** An attempt that may make its call once its entry is sealed. */
export interface StartedAttempt {
  readonly started: Attempt;
  readonly entry: EntryDraft;
}

/** Every attempt, recorded before and after its call. */
export function makeAttemptLog(deps: Pick<ActivityDependencies, 'pool' | 'now' | 'onAttempt'>) {
  const { pool, now = Date.now } = deps;

  /** Appends the entry of an event of an attempt and keeps the change as it makes it. */
  async function write(
    client: PoolClient,
    kept: Change,
    ref: ActivityRef,
    command: AttemptCommand,
    time: string,
  ): Promise<EntryDraft> {
    const verdict = decide(kept, command, { now: Date.parse(time) });
    if ('refusal' in verdict) throw new Error(verdict.refusal.message);
    const { namespace, workflowId, runId, activityId, attempt } = ref;
    const [event] = verdict.events as readonly [AttemptEvent];
    const draft = {
      // The ordinal is the store's: it counts over every activity of the change, so it names the attempt for good.
      key: entryKey(
        { namespace, of: workflowId, ordinal: `${activityOf(ref)}/${event.attempt.ordinal}` },
        event.type,
      ),
      body: entryBodyOf(kept, event, { namespace, workflowId, runId, activityId, attempt }),
    };
    const appended = await appendEntry(client, draft);
    if (appended.created) await keep(client, evolve(kept, event));
    return draft;
  }

  /** Answers false when the attempt had ended before, or, `ifUnsent`, was marked as sent. */
  async function end(
    change: Change,
    ref: ActivityRef,
    started: Attempt,
    result: AttemptResult,
    ifUnsent = false,
  ): Promise<boolean> {
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
    const ended = await inTransaction(pool, async (client) => {
      const kept = await lockedChange(client, change.id);
      // The first writer of the end has said how the attempt ended.
      const end = await endAttempt(client, { ...told, changeId: change.id, outcome, endedAt }, ifUnsent);
      if (end === null) return false;
      const attempt = { ...told, sentAt: end.sentAt };
      await write(
        client,
        kept,
        ref,
        { kind: 'answer', outcome, attempt, output: result.ok ? result.output : null },
        endedAt,
      );
      return true;
    });
    if (ended) deps.onAttempt?.({ class: result.ok ? 'succeeded' : result.class, code: told.code });
    return ended;
  }

  /**
   * Checks that Temporal still waits for this run of the activity. Temporal gives up a worker that stood still; without this
   * check that worker would end the attempt of the worker that took over, and make a call beside it.
   *
   * @throws Error otherwise: whatever this run does no longer counts
   */
  async function assertCurrent(change: Change, ref: ActivityRef): Promise<void> {
    const { attempt, scheduledAt } = ref;
    const own = { changeId: change.id, activityId: activityOf(ref), activityAttempt: attempt };
    if (await isSuperseded(pool, own, scheduledAt)) throw new Error('another worker has taken over');
  }

  return {
    assertCurrent,
    /** Records that a call is about to be made, with the change's state as it is then. */
    async start(change: Change, ref: ActivityRef): Promise<StartedAttempt> {
      const startedAt = isoTime(now());
      return await inTransaction(pool, async (client) => {
        // The change was withdrawn meanwhile. Its workflow no longer waits for a call, and this activity may not know yet.
        const kept = await lockedChange(client, change.id);
        if (!mayHappen('attempt.started', phaseOf(kept))) throw new Error('the change is no longer approved');
        const { attempt: activityAttempt } = ref;
        const started = await startAttempt(client, {
          changeId: change.id,
          target: kept.target.id,
          activityId: activityOf(ref),
          activityAttempt,
          startedAt,
        });
        const { startedAt: time, ordinal } = started;
        return { started, entry: await write(client, kept, ref, { kind: 'begin', ordinal }, time) };
      });
    },
    end: async (change: Change, ref: ActivityRef, started: Attempt, result: AttemptResult): Promise<void> => {
      await end(change, ref, started, result);
    },
    /**
     * Ends attempts that a lost worker left open. One that was marked as sent has an unknown outcome; any other was not sent, and
     * cannot be any more.
     * @throws Error as `assertCurrent`
     */
    async endLost(change: Change, ref: ActivityRef): Promise<void> {
      await assertCurrent(change, ref);
      for (const attempt of await listOpenAttempts(pool, change.id)) {
        // Decided in the same statement: the attempt's worker may still run, and mark it now.
        if (attempt.sentAt === null && (await end(change, ref, attempt, lost(notSent), true))) continue;
        await end(change, ref, attempt, lost('worker_lost'));
      }
    },
  };
}

/** An attempt that ended before its request left. */
export function unsent(message: string): Fault {
  return fault('transient', notSent, message);
}

function lost(code: 'worker_lost' | typeof notSent): Fault {
  return code === notSent
    ? unsent('the worker was lost before it could make its call')
    : fault('unknown', code, 'the worker was lost before it could record an answer');
}
