import type { Request } from 'express';
import { CountersignError } from '../domain/error.ts';
import { callerOf } from './caller.ts';
import { isRefusal } from './refusal-log.ts';
import type { Refusal, RefusalLog } from './refusal-log.ts';

/** What a call wanted: `type` is `request.refused` unless it says otherwise. */
export type Wish = Pick<Refusal, 'wanted'> & Partial<Pick<Refusal, 'type' | 'change'>>;

/**
 * Does what somebody wants. Where that is refused, the refusal is recorded under the caller's name before it is answered.
 *
 * @throws whatever `work` throws; CountersignError `log_unavailable` in its place when a refusal cannot be recorded
 */
export async function recorded<T>(
  refusals: RefusalLog,
  req: Request,
  { type = 'request.refused', change = null, wanted }: Wish,
  work: () => Promise<T> | T,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CountersignError && isRefusal(error)) {
      const { person } = callerOf(req);
      await refusals.record({ type, person, change, wanted, error, source: req.ip ?? null });
    }
    throw error;
  }
}
