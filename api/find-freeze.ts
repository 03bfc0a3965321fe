import type { Freeze } from '../domain/freeze.ts';
import { getFreeze } from '../store/get-freeze.ts';
import type { ApiDependencies } from './dependencies.ts';
import { uuidSchema } from './schemas.ts';

/** The freeze of this id, of the calendar file or declared; null when there is none. */
export async function findFreeze(
  { db, calendar = [] }: Pick<ApiDependencies, 'db' | 'calendar'>,
  id: string,
): Promise<Freeze | null> {
  const inCalendar = calendar.find((freeze) => freeze.id === id);
  return inCalendar ?? (uuidSchema.safeParse(id).success ? getFreeze(db, id) : null);
}
