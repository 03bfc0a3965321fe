import type { z } from 'zod';
import { CountersignError } from '../domain/error.ts';
import type { FieldError } from '../domain/error.ts';
import { errorsOf } from './field-errors.ts';

/**
 * Input that follows its schema.
 * @throws CountersignError `invalid_request` naming each field and rule
 */
export function checked<T>(schema: z.ZodType<T>, value: unknown, prefix = ''): T {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  throw invalid(errorsOf(result.error, prefix));
}

/** The error for a member of a scope that is also given by its short form. @param field - the short form */
export function givenTwice(field: string): FieldError {
  return { field, rule: 'once', message: `scope.${field} is given, too: ${field} is its short form` };
}

/** The error for fields that broke rules. */
export function invalid(errors: readonly FieldError[]): CountersignError {
  const first = errors[0];
  const detail = first ? `${first.field}: ${first.message}` : 'the request is not valid';
  return new CountersignError('invalid_request', detail, { errors });
}
