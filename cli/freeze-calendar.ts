import { readFile } from 'node:fs/promises';
import { readFreezeCalendar } from '../calendar/freeze-calendar.ts';
import { CountersignError } from '../domain/error.ts';
import type { Freeze } from '../domain/freeze.ts';
import type { Environment } from './environment.ts';

/**
 * The freezes of the file that COUNTERSIGN_FREEZE_CALENDAR names; none without one.
 * @throws CountersignError `invalid_configuration` when it cannot be read or breaks a rule
 */
export async function freezeCalendar(env: Environment): Promise<Freeze[]> {
  const file = env.COUNTERSIGN_FREEZE_CALENDAR;
  if (file === undefined) return [];
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    const message = `COUNTERSIGN_FREEZE_CALENDAR: ${file} cannot be read`;
    throw new CountersignError('invalid_configuration', message, { cause });
  });
  return readFreezeCalendar(text);
}
