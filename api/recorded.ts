import type { Request } from 'express';
import { CountersignError } from '../domain/error.ts';
import type { Person } from '../domain/person.ts';
import { callerOf } from './caller.ts';
import { isRefusal } from './refusal-log.ts';
import type { Refusal, RefusalLog } from './refusal-log.ts';

/** What a call wanted: `type` is `request.refused` unless it says otherwise. */
export type Wish = Pick<Refusal, 'wanted'> & Partial<Pick<Refusal, 'type' | 'change'>>;

/** Who says something, and from which address. */
export interface Speaker {
  readonly person: Person;
  readonly source: string | null;
}

/** Who calls, as a speaker. */
export function speakerOf(req: Request): Speaker {
  return { person: callerOf(req).person, source: req.ip ?? null };
}

/**
 * Does what the caller wants. Where that is refused, the refusal is recorded under the caller's name before it is answered.
 *
 * @throws whatever `work` throws; CountersignError `log_unavailable` in its place when a refusal cannot be recorded
 */
export function recorded<T>(
  refusals: RefusalLog,
  req: Request,
  wish: Wish,
  work: () => Promise<T> | T,
): Promise<T> {
  return recordedFor(refusals, speakerOf(req), wish, work);
}

/** The same for somebody who is known in another way than by a token. */
export async function recordedFor<T>(
  refusals: RefusalLog,
  { person, source }: Speaker,
  { type = 'request.refused', change = null, wanted }: Wish,
  work: () => Promise<T> | T,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CountersignError && isRefusal(error)) {
      await refusals.record({ type, person, change, wanted, error, source });
    }
    throw error;
  }
}
