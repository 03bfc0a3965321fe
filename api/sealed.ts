import { readUnsealed } from '../audit/unsealed.ts';
import { CountersignError } from '../domain/error.ts';
import type { RaiseAlarm } from '../domain/alarm.ts';
import type { Queryable } from '../store/queryable.ts';

/** How long entries may wait for a checkpoint, s. After that no approval is accepted. */
export const usualUnsealedLimit = 60;
/** After how many seconds the alarm is raised: by then calls are given up because they waited too long for the log. */
const alarmSeconds = 20;

/**
 * Why no approval is accepted on top of the log as it is; null where one is. Whoever administers Postgres can rewrite what no
 * checkpoint covers, so nobody approves on top of a log that has not been sealed for long. Words that stop something are not
 * asked about it.
 *
 * @returns null, or `not_sealed` when the oldest entry without a checkpoint is older than the limit
 * @throws CountersignError `log_unavailable`
 */
export async function refusalOfUnsealed(
  db: Queryable,
  limitSeconds = usualUnsealedLimit,
): Promise<CountersignError | null> {
  const { entries, seconds } = await readUnsealed(db);
  if (seconds <= limitSeconds) return null;
  return new CountersignError(
    'not_sealed',
    `${entries} entries of the log have no signed checkpoint, the oldest for ${Math.round(seconds)} s: no approval is accepted past ${limitSeconds} s`,
  );
}

/** Options of {@link watchUnsealed}. */
export interface UnsealedWatch {
  readonly db: Queryable;
  readonly alarm: RaiseAlarm;
  readonly limitSeconds?: number;
  /** How often it looks, ms; default 5000. */
  readonly everyMs?: number;
}

/** Raises `log_unsealed` when entries wait for a checkpoint for too long, and once a minute while they do. */
export function watchUnsealed(watch: UnsealedWatch): { stop(): void } {
  const { db, alarm, limitSeconds = usualUnsealedLimit, everyMs = 5_000 } = watch;
  let toldAt = -Infinity;
  const look = async (): Promise<void> => {
    const { entries, seconds } = await readUnsealed(db);
    if (seconds <= Math.min(alarmSeconds, limitSeconds)) toldAt = -Infinity;
    else if (performance.now() - toldAt >= 60_000) {
      toldAt = performance.now();
      alarm(
        'log_unsealed',
        'entries wait for a signed checkpoint: no call is made, and soon nothing is approved',
        {
          entries,
          seconds: Math.round(seconds),
          limitSeconds,
        },
      );
    }
  };
  // Other parts report a database that does not answer.
  const timer = setInterval(() => void look().catch(() => undefined), everyMs);
  return { stop: () => clearInterval(timer) };
}
