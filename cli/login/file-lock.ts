import { randomUUID } from 'node:crypto';
import { open, readFile, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { CountersignError } from '../../domain/error.ts';

/** Who holds a lock. */
interface Holder {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
}

/** Times of a lock, ms. */
export interface LockTimes {
  /** The age from which a lock is given up whose holder cannot be asked; longer than anything takes that is done under it. */
  readonly staleMs: number;
  readonly everyMs: number;
}

const times: LockTimes = { staleMs: 60_000, everyMs: 50 };

/**
 * Does something while no other process does it: the file is there as long as somebody is at it. A holder of this machine
 * that was killed is told by its process id; one of another machine, which shares the folder, by the file's age.
 *
 * @throws CountersignError `internal_error` when others hold it for longer than anything takes
 */
export async function underLock<T>(
  file: string,
  work: () => Promise<T>,
  given: LockTimes = times,
): Promise<T> {
  const id = await take(file, given);
  try {
    return await work();
  } finally {
    if ((await holderOf(file))?.id === id) await rm(file, { force: true });
  }
}

async function take(file: string, { staleMs, everyMs }: LockTimes): Promise<string> {
  const holder: Holder = { id: randomUUID(), host: hostname(), pid: process.pid };
  const until = performance.now() + 2 * staleMs;
  while (!(await isMade(file, JSON.stringify(holder)))) {
    if (performance.now() > until) {
      throw new CountersignError('internal_error', `${file} is held by others: delete it when nothing runs`);
    }
    const found = await holderOf(file);
    if (await isGivenUp(file, found, staleMs)) await putAway(file, found, staleMs);
    await delay(everyMs);
  }
  return holder.id;
}

async function isMade(file: string, text: string): Promise<boolean> {
  try {
    const handle = await open(file, 'wx', 0o600);
    await handle.writeFile(text).finally(() => handle.close());
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Null where nobody holds it, and where it was only just made. */
async function holderOf(file: string): Promise<Holder | null> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Holder;
  } catch {
    return null;
  }
}

async function isGivenUp(file: string, holder: Holder | null, staleMs: number): Promise<boolean> {
  if (holder?.host === hostname() && !lives(holder.pid)) return true;
  return isOld(file, staleMs);
}

async function isOld(file: string, staleMs: number): Promise<boolean> {
  const found = await stat(file).catch(() => null);
  return found !== null && Date.now() - found.mtimeMs > staleMs;
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/**
 * Of several that find it given up, only the one that has made a mark for this holder takes it away, and only while it is still
 * that holder's: one that is slow would otherwise take away the lock of whoever came next.
 */
async function putAway(file: string, found: Holder | null, staleMs: number): Promise<void> {
  const mark = `${file}.${found?.id ?? 'unknown'}`;
  if (!(await isMade(mark, ''))) {
    // Of one that was killed right here.
    if (await isOld(mark, staleMs)) await rm(mark, { force: true });
    return;
  }
  try {
    const now = await holderOf(file);
    if (now?.id === found?.id && (await isGivenUp(file, now, staleMs))) await rm(file, { force: true });
  } finally {
    await rm(mark, { force: true });
  }
}
