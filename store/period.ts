/** The changes that figures are of: those submitted in a time, of one operation or of all. */
export interface Period {
  /** ISO 8601; included. */
  readonly from: string;
  /** ISO 8601; excluded. */
  readonly to: string;
  /** Null: of any. */
  readonly operation: string | null;
}

/** The condition for the changes of a period, whose parameters are {@link periodParameters}. */
export const inPeriod =
  'submitted_at >= $1::timestamptz and submitted_at < $2::timestamptz and ($3::text is null or operation = $3)';

/** The parameters of {@link inPeriod}: the first three of the statement. */
export function periodParameters({ from, to, operation }: Period): readonly [string, string, string | null] {
  return [from, to, operation];
}
