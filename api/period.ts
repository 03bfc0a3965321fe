import type { FieldError } from '../domain/error.ts';
import { isoTime } from '../domain/time.ts';
import { invalid } from '../operations/checked.ts';

/** How a period is completed, and how long it may be; ms. */
export interface PeriodRule {
  /** When it ends, or begins, where the query names neither end. */
  readonly endsAt?: number;
  readonly beginsAt?: number;
  readonly usualMs: number;
  readonly mostMs: number;
}

/**
 * The period that a query names by `from` and `to`; what it leaves open is completed.
 *
 * @returns ISO 8601; `from` is in it, `to` is not
 * @throws CountersignError `invalid_request` where it is no time, or too long a one
 */
export function readPeriod(
  asked: { readonly from?: string | undefined; readonly to?: string | undefined },
  { endsAt, beginsAt, usualMs, mostMs }: PeriodRule,
): { readonly from: string; readonly to: string } {
  const given = { from: millis(asked.from), to: millis(asked.to) };
  const usualFrom = given.to === null ? (beginsAt ?? (endsAt ?? 0) - usualMs) : given.to - usualMs;
  const from = given.from ?? usualFrom;
  const to = given.to ?? from + usualMs;
  const errors: FieldError[] = [];
  if (from >= to) errors.push({ field: 'from', rule: 'before', message: 'must be before to' });
  else if (to - from > mostMs) {
    const message = `at most ${mostMs / 86_400_000} days after from`;
    errors.push({ field: 'to', rule: 'maximum', message });
  }
  if (errors.length > 0) throw invalid(errors);
  return { from: isoTime(from), to: isoTime(to) };
}

function millis(time: string | undefined): number | null {
  return time === undefined ? null : Date.parse(time);
}
