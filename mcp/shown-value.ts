import { shownText } from '../domain/shown-text.ts';

/** A value whose texts, names of members too, are escaped as {@link shownText} does it: what cannot be seen reaches nobody unseen. */
export function shownValue(value: unknown): unknown {
  if (typeof value === 'string') return shownText(value);
  if (Array.isArray(value)) return value.map(shownValue);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [shownText(name), shownValue(member)]),
  );
}
