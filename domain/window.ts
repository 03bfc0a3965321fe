/** A change window: when a change may run, again and again. Evaluated in calendar/, never in a workflow. */
export interface Window {
  /** When it opens: five fields of a cron expression, in local time of {@link timeZone}. */
  readonly cron: string;
  /** How long it stays open, in elapsed minutes: 1 to 10,080 (a week). */
  readonly durationMinutes: number;
  /** An IANA time zone, such as `Asia/Shanghai`. */
  readonly timeZone: string;
  /** Days, `YYYY-MM-DD` in the window's own zone, on which it is closed from midnight to midnight. */
  readonly holidays: readonly string[];
}
