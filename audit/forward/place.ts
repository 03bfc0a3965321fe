import { CountersignError } from '../../domain/error.ts';

/** Where a log is read from that was forwarded. */
export interface Source {
  /** For people. */
  readonly name: string;
  /**
   * What stands under a name, or null.
   * @throws CountersignError `place_unavailable`
   */
  read(path: string, signal?: AbortSignal): Promise<Buffer | null>;
}

/** Where the log is forwarded to. Each call either has its whole effect, durably, or none. */
export interface Place extends Source {
  /**
   * Keeps bytes under a name that has none yet.
   *
   * @returns false when it has some already, whatever they are; they stay
   * @throws CountersignError `place_unavailable`
   */
  create(path: string, bytes: Buffer, signal?: AbortSignal): Promise<boolean>;
  /**
   * Puts bytes under a name, also in the place of others.
   * @throws CountersignError `place_unavailable`
   */
  replace(path: string, bytes: Buffer, signal?: AbortSignal): Promise<void>;
}

/**
 * Keeps what never changes under its name: whoever comes first, and again for those who bring the same.
 *
 * @throws CountersignError `forwarded_log_differs` when other bytes have the name; `place_unavailable`
 */
export async function keep(place: Place, path: string, bytes: Buffer, signal?: AbortSignal): Promise<void> {
  if (await place.create(path, bytes, signal)) return;
  const there = await place.read(path, signal);
  if (there === null) throw new CountersignError('place_unavailable', `${place.name}: ${path} went away`);
  if (!there.equals(bytes)) {
    throw new CountersignError(
      'forwarded_log_differs',
      `${place.name} has other bytes as ${path} than the log would have there: one of them was altered, or there are two logs`,
    );
  }
}

/** What stands at a place to find out whether it keeps what it has. */
const probe = 'never-overwritten';

/**
 * Finds out whether a place refuses to overwrite: a store that does not know how would lose what was there.
 *
 * @throws CountersignError `invalid_configuration` when it overwrites; `place_unavailable`
 */
export async function assertKeeps(place: Place, signal?: AbortSignal): Promise<void> {
  const bytes = Buffer.from('This object shows that the place keeps what it has.\n');
  await place.create(probe, bytes, signal);
  if (!(await place.create(probe, bytes, signal))) return;
  const message = `${place.name} overwrites what it has: it does not know how to put an object only where there is none`;
  throw new CountersignError('invalid_configuration', message);
}
