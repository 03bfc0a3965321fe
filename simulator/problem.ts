import type { Answer } from './answer.ts';
import type { FieldError } from './fields.ts';

const TITLES = {
  400: 'Malformed JSON',
  403: 'Only from this machine',
  404: 'No such resource',
  405: 'Method not allowed',
  413: 'Body too large',
  422: 'Invalid input',
} as const;

/** A status that the control interface refuses with. */
export type ProblemStatus = keyof typeof TITLES;

/** A refusal of the control interface, as problem+json (RFC 9457); `errors` names each field and the rule it breaks. */
export function problemAnswer(status: ProblemStatus, detail: string, errors?: readonly FieldError[]): Answer {
  return {
    status,
    contentType: 'application/problem+json',
    body: JSON.stringify({ type: 'about:blank', title: TITLES[status], status, detail, errors }),
  };
}
