import { ApplicationFailure } from '@temporalio/common';
import type { RaiseAlarm } from '../domain/alarm.ts';
import type { ErrorCode } from '../domain/error.ts';

const absent: ErrorCode = 'change_not_here';

type Activity = (...input: unknown[]) => Promise<unknown>;

/** Activities that raise an alarm whenever they meet a change of which their database has nothing. */
export function tellingAbsence<T extends object>(activities: T, alarm: RaiseAlarm | undefined): T {
  const told = Object.entries(activities as Record<string, Activity>).map(([name, activity]) => [
    name,
    async (...input: unknown[]) => {
      try {
        return await activity(...input);
      } catch (error) {
        if (error instanceof ApplicationFailure && error.type === absent)
          alarm?.('installation_not_alone', error.message, { activity: name });
        throw error;
      }
    },
  ]);
  return Object.fromEntries(told) as T;
}
