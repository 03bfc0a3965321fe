import { CountersignError } from '../domain/error.ts';

/** Something about a file that is wrong, or that its author should know. */
export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly file: string;
  /** Counts from 1. */
  readonly line: number;
  /** The field's path, dotted: `policies.0.stages.1.groups.0.threshold`. */
  readonly field: string;
  /** The rule that it broke, a stable word; see docs/policies.md. */
  readonly rule: string;
  readonly message: string;
}

/** A rule that a policy breaks, and where in the file. */
export interface Finding {
  readonly severity: 'error' | 'warning';
  readonly path: readonly PropertyKey[];
  readonly rule: string;
  readonly message: string;
}

/** A problem as one line. */
export function problemLine({ severity, file, line, field, rule, message }: Problem): string {
  return `${file}:${line}: ${severity}: ${field === '' ? '' : `${field}: `}${message} (${rule})`;
}

/** The refusal of a file that has errors. */
export function invalidFile(problems: readonly Problem[]): CountersignError {
  const errors = problems.filter(({ severity }) => severity === 'error');
  return new CountersignError('invalid_configuration', errors.map(problemLine).join('\n'), {
    errors: errors.map(({ file, line, field, rule, message }) => ({
      field: `${file}:${line} ${field}`.trim(),
      rule,
      message,
    })),
  });
}
