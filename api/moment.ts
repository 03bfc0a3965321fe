import { isoTime } from '../domain/time.ts';

/** A moment that a query or a body names, with whatever zone, as all times are written here. */
export function momentOf(time: string): string;
export function momentOf(time: string | undefined): string | undefined;
export function momentOf(time: string | undefined): string | undefined {
  return time === undefined ? undefined : isoTime(Date.parse(time));
}
