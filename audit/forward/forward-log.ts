import { CountersignError } from '../../domain/error.ts';
import type { Queryable } from '../../store/queryable.ts';
import { cosignedCheckpoint, latestCheckpoint, nextCheckpoint } from '../checkpoints.ts';
import { openTrustedCheckpoint } from '../newest-checkpoint.ts';
import type { TrustedKeys } from '../newest-checkpoint.ts';
import { keepCheckpoint, readForwarded } from './kept-checkpoint.ts';
import type { ReadCheckpoint } from './kept-checkpoint.ts';
import type { Place } from './place.ts';
import { checkpointPath } from './tile-path.ts';
import { verifyStep } from './verify-step.ts';
import { writeStep } from './write-step.ts';

/** Options of {@link forwardLog}. */
export interface ForwardOptions {
  readonly db: Queryable;
  readonly place: Place;
  /** Whose signatures a checkpoint needs to be forwarded. */
  readonly keys: TrustedKeys;
  /** Looks at everything again from the first entry on: what is missing is written, what differs is told. */
  readonly again?: boolean;
  /** Most entries in a step, where the checkpoints allow it; default 65536. */
  readonly most?: number;
  readonly signal?: AbortSignal;
}

/**
 * Brings the log to a place, from what the place has up to the newest checkpoint. Each step goes to a checkpoint: the tree
 * over the entries' own bytes is compared with the signed root, then entries and tiles are written, the checkpoint last.
 * Whoever is stopped in between goes on from the place's checkpoint; two at once write the same.
 *
 * @returns how many entries the place's checkpoint covers now; null where the log has no checkpoint yet
 * @throws CountersignError `forwarded_log_differs` when the place has another log than this, or more of it; `log_untrusted`
 * for a checkpoint without the signatures; `integrity_conflict` when entries do not lead to it; `log_unavailable`,
 * `place_unavailable`
 */
export async function forwardLog(options: ForwardOptions): Promise<number | null> {
  const { db, place, keys, again = false, most = 65_536, signal } = options;
  const cosigned = keys.witnesses.length > 0;
  for (let done = 0; ;) {
    signal?.throwIfAborted();
    // The place first: what it has now, the database has already.
    const there = await readForwarded(place, signal);
    const from = again ? done : (there?.size ?? 0);
    const stored =
      (await nextCheckpoint(db, from, { most, cosigned })) ??
      (await (cosigned ? cosignedCheckpoint(db) : latestCheckpoint(db)));
    const next = stored && { ...openTrustedCheckpoint(stored.note, keys), note: stored.note };
    assertSameLog(place, there, next, (await latestCheckpoint(db))?.size ?? 0, keys);
    if (next === null) return null;
    if (next.size > from) {
      const step = await verifyStep(db, { from, to: next, seen: there }, place.name, signal);
      await writeStep(options, step, next.size, next.size >= (there?.size ?? 0));
      done = next.size;
    }
    if (isNews(next, there)) await announce(place, next, there, signal);
    if (next.size <= from) return Math.max(next.size, there?.size ?? 0);
  }
}

/**
 * Whether a place has a part of this log and no more.
 * @param size - of the database's newest checkpoint, which may still lack a cosignature
 * @param keys - tell a checkpoint that the log has signed from one that somebody has put there
 * @throws CountersignError `forwarded_log_differs`
 */
function assertSameLog(
  place: Place,
  there: ReadCheckpoint | null,
  next: ReadCheckpoint | null,
  size: number,
  keys: TrustedKeys,
): void {
  if (there === null) return;
  const differs = (why: string): never => {
    const said = isSigned(there, keys)
      ? why
      : `has a checkpoint of ${there.size} entries that no known key of the log has signed: it was altered there`;
    throw new CountersignError('forwarded_log_differs', `${place.name} ${said}`);
  };
  if (there.size > size) {
    differs(
      `has a checkpoint of ${there.size} entries, and the database's last is of ${size}: it was cut or restored`,
    );
  }
  if (next !== null && next.origin !== there.origin) {
    differs(`has the log ${there.origin}, and this is ${next.origin}: each log needs a place of its own`);
  }
  if (next?.size === there.size && !next.root.equals(there.root)) {
    differs(
      `has another checkpoint of ${there.size} entries: one of them was altered, or there are two logs`,
    );
  }
}

/** Whether one of the log's own keys has signed a checkpoint; a witness need not have seen it. */
function isSigned({ note }: ReadCheckpoint, { log }: TrustedKeys): boolean {
  try {
    openTrustedCheckpoint(note, { log, witnesses: [] });
    return true;
  } catch (error) {
    if (error instanceof CountersignError && error.code === 'log_untrusted') return false;
    throw error;
  }
}

/** Whether a checkpoint says more than the place's own does; of the same tree, when a witness saw it last. */
function isNews(next: ReadCheckpoint, there: ReadCheckpoint | null): boolean {
  if (there === null || next.size > there.size) return true;
  return next.size === there.size && next.note !== there.note;
}

/** Keeps a checkpoint, and then makes it the place's newest, unless somebody else has brought a later one meanwhile. */
async function announce(
  place: Place,
  next: ReadCheckpoint,
  there: ReadCheckpoint | null,
  signal?: AbortSignal,
): Promise<void> {
  await keepCheckpoint(place, next, there, signal);
  const now = await readForwarded(place, signal);
  if (now === null || isNews(next, now)) await place.replace(checkpointPath, Buffer.from(next.note), signal);
}
