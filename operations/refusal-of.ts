import { recordable } from '../domain/fault.ts';
import type { JsonObject } from '../domain/json.ts';
import type { Operation, Refusal } from './operation.ts';

/** Most characters of what is said against a target: it stands in an entry. */
const mostMessage = 500;

/**
 * What a definition says against a snapshot, or null. A definition that throws, or answers something else, refuses with
 * `definition_failed`: nobody is asked about what it cannot judge.
 *
 * @param now - milliseconds since the epoch
 */
export function refusalOf(operation: Operation, snapshot: JsonObject | null, now: number): Refusal | null {
  let why = 'answered something else than null or a refusal';
  try {
    const refusal: unknown = operation.refusal(snapshot, now);
    if (isRefusal(refusal)) {
      return refusal && { code: recordable(refusal.code), message: recordable(refusal.message, mostMessage) };
    }
  } catch (error) {
    why = error instanceof Error ? error.message : String(error);
  }
  const message = `refusal of ${operation.name}: ${why}`.replaceAll(/[\p{Cc}\s]+/gu, ' ');
  return { code: 'definition_failed', message: recordable(message, mostMessage) };
}

/** Whether a value is what `refusal` may answer. */
export function isRefusal(value: unknown): value is Refusal | null {
  if (value === null) return true;
  const { code, message } = (value ?? {}) as Partial<Refusal>;
  return typeof code === 'string' && code !== '' && typeof message === 'string';
}
