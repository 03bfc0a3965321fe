/** What a worker of ours has in the place of a payload that it cannot read. @param why - a clause */
export function unreadableValue(why: string): object {
  return { countersignUnreadable: why };
}

/** Why it could not be read; null where it could. */
export function unreadableIn(value: unknown): string | null {
  const found = (value as { countersignUnreadable?: unknown } | null | undefined)?.countersignUnreadable;
  return typeof found === 'string' ? found : null;
}
