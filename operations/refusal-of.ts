import { recordable } from '../domain/fault.ts';
import type { JsonObject } from '../domain/json.ts';
import { refusalCodeFault } from '../domain/own-codes.ts';
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
  let why: string;
  try {
    const refusal: unknown = operation.refusal(snapshot, now);
    const fault = refusalFault(refusal);
    if (fault === null) {
      const said = refusal as Refusal | null;
      return said && { code: recordable(said.code), message: recordable(said.message, mostMessage) };
    }
    why = fault;
  } catch (error) {
    why = error instanceof Error ? error.message : String(error);
  }
  const message = `refusal of ${operation.name}: ${why}`.replaceAll(/[\p{Cc}\s]+/gu, ' ');
  return { code: 'definition_failed', message: recordable(message, mostMessage) };
}

/** Why a value is not what `refusal` may answer, or null when it is. */
export function refusalFault(value: unknown): string | null {
  if (value === null) return null;
  const { code, message } = (value ?? {}) as Partial<Refusal>;
  if (typeof code !== 'string' || code === '' || typeof message !== 'string')
    return 'expected null, or a refusal with code and message';
  return refusalCodeFault(code);
}
