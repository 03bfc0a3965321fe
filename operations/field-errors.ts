import type { z } from 'zod';
import type { FieldError } from '../domain/error.ts';

/** What is wrong with a value, field by field; nothing when it follows its schema. */
export function fieldErrors(schema: z.ZodType, value: unknown, prefix = ''): FieldError[] {
  const result = schema.safeParse(value, { reportInput: true });
  return result.success ? [] : errorsOf(result.error, prefix);
}

/** What a schema has found, field by field. */
export function errorsOf(error: z.ZodError, prefix: string): FieldError[] {
  return error.issues.flatMap((issue) => errorsOfIssue(issue, prefix));
}

function errorsOfIssue(issue: z.core.$ZodIssue, prefix: string): FieldError[] {
  const field = [prefix, ...issue.path.map(String)].filter((part) => part !== '').join('.') || 'body';
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      field: field === 'body' ? key : `${field}.${key}`,
      rule: 'unknown_field',
      message: 'no such field',
    }));
  }
  return [{ field, rule: ruleOf(issue), message: issue.message }];
}

function ruleOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'required' : 'type';
    case 'too_big':
      return issue.origin === 'string' ? 'max_length' : 'maximum';
    case 'too_small':
      return issue.origin === 'string' ? (issue.minimum === 1 ? 'required' : 'min_length') : 'minimum';
    case 'invalid_format':
    case 'invalid_key':
      return 'format';
    case 'invalid_value':
      return 'one_of';
    case 'custom':
      return typeof issue.params?.rule === 'string' ? issue.params.rule : 'invalid';
    default:
      return issue.code;
  }
}
