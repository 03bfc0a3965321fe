import type { FieldError } from './error.ts';

/** What a worker of ours has in the place of a payload that it cannot read. @param why - a clause */
export function unreadableValue(why: string): object {
  return { countersignUnreadable: why };
}

/** Why it could not be read; null where it could. */
export function unreadableIn(value: unknown): string | null {
  const found = (value as { countersignUnreadable?: unknown } | null | undefined)?.countersignUnreadable;
  return typeof found === 'string' ? found : null;
}

/** Why an argument was not handed on, member by member. */
export interface ArgumentFault {
  readonly message: string;
  readonly errors: readonly FieldError[];
}

/** What an activity gets in the place of an argument that its workflow could read, and that it must not hand on. */
export function refusedValue({ message, errors }: ArgumentFault): object {
  return { countersignRefused: { message, errors } };
}

/** Why it was not handed on; null where it was. Whoever sends such a value is refused, too. */
export function refusedIn(value: unknown): ArgumentFault | null {
  const found = (value as { countersignRefused?: Partial<ArgumentFault> | null } | null | undefined)
    ?.countersignRefused;
  if (typeof found?.message !== 'string' || !Array.isArray(found.errors)) return null;
  const { message } = found;
  return { message, errors: (found.errors as unknown[]).filter(isFieldError) };
}

function isFieldError(value: unknown): value is FieldError {
  const { field, rule, message } = (value ?? {}) as Partial<Record<keyof FieldError, unknown>>;
  return typeof field === 'string' && typeof rule === 'string' && typeof message === 'string';
}
