/** Milliseconds since the epoch as the one form that times have here: `YYYY-MM-DDTHH:MM:SS.sssZ`. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
