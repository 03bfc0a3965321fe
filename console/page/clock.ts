/** How far this device's clock is behind the server's, ms, as its last answer told; 0 before the first. */
let behind = 0;

/** Takes the server's time from an answer's `Date`, which has whole seconds. */
export function setClock(date: string | null): void {
  const told = date === null ? Number.NaN : Date.parse(date);
  if (Number.isNaN(told)) return;
  const difference = told + 500 - Date.now();
  behind = Math.abs(difference) < 2000 ? 0 : difference;
}

/** The time as the server has it, ms since 1970: a wrong clock here must not show a decision as still in time. */
export function now(): number {
  return Date.now() + behind;
}

/** When a `Retry-After` says to come back, in seconds from now or as a date; ms since 1970, or null where it says nothing. */
export function retryAtOf(value: string | null): number | null {
  if (value === null) return null;
  const time = /^\d+$/.test(value) ? now() + Number(value) * 1000 : Date.parse(value);
  return Number.isNaN(time) ? null : time;
}
