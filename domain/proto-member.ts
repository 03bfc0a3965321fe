/**
 * Where in parsed JSON a member `__proto__` stands, as its path; null: nowhere. Schemas pass over such a member, so it has to be
 * refused before they read.
 */
export function protoMemberIn(value: unknown, path: readonly string[] = []): string | null {
  if (typeof value !== 'object' || value === null) return null;
  if (Object.hasOwn(value, '__proto__')) return [...path, '__proto__'].join('.');
  for (const [name, member] of Object.entries(value)) {
    const found = protoMemberIn(member, [...path, name]);
    if (found !== null) return found;
  }
  return null;
}
