import { readFreezeCalendar } from '../calendar/freeze-calendar.ts';
import { CountersignError } from '../domain/error.ts';
import type { Freeze } from '../domain/freeze.ts';
import { globMatches } from '../domain/glob.ts';
import type { Operations } from '../operations/registry.ts';
import { scopeFault } from '../operations/scope-fault.ts';
import type { Environment } from './environment.ts';
import { readHashedFile } from './text-file.ts';

/** The freezes of the calendar file, and the SHA-256 of its bytes, hex; null without a file. */
export interface FreezeCalendar {
  readonly freezes: readonly Freeze[];
  readonly sha256: string | null;
}

/**
 * The freezes of the file that COUNTERSIGN_FREEZE_CALENDAR names; none without one.
 * @throws CountersignError `invalid_configuration` when it cannot be read or breaks a rule
 */
export async function freezeCalendar(env: Environment, operations: Operations): Promise<FreezeCalendar> {
  const file = env.COUNTERSIGN_FREEZE_CALENDAR;
  if (file === undefined) return { freezes: [], sha256: null };
  const { text, sha256 } = await readHashedFile(file, 'COUNTERSIGN_FREEZE_CALENDAR');
  const freezes = readFreezeCalendar(text);
  const errors = freezes.flatMap(({ id, operation, scope }) => {
    if (operation !== null && !operations.list.some(({ name }) => globMatches(operation, name))) {
      return [{ field: `${id}.operation`, rule: 'one_of', message: `${operation} is no gated operation` }];
    }
    const fault = scopeFault(operations, operation === null ? undefined : [operation], scope);
    return fault === null ? [] : [{ field: `${id}.scope`, rule: 'one_of', message: fault }];
  });
  if (errors.length > 0) {
    // A freeze like this would block nothing, and nobody would notice.
    const detail = errors.map(({ field, message }) => `${field}: ${message}`).join('; ');
    throw new CountersignError('invalid_configuration', `freeze calendar: ${detail}`, { errors });
  }
  return { freezes, sha256 };
}
