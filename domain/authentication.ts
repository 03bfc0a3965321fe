import { CountersignError } from './error.ts';
import type { Person } from './person.ts';
import type { RequiredAuthentication } from './policy.ts';

/** How far a login may seem to lie in the future, ms: clocks differ, and nobody logs in tomorrow. */
const clockSkewMs = 60_000;

/**
 * Why somebody was not authenticated as strongly and as recently as a policy asks; null when they were. What the token does
 * not say counts as weak and as long ago.
 *
 * @param now - milliseconds since the epoch
 * @returns null, or `stronger_authentication_needed` (403)
 */
export function refusalOfAuthentication(
  { methods: had, at }: Person['authentication'],
  required: RequiredAuthentication | null,
  now: number,
): CountersignError | null {
  const { methods, maxAgeSeconds } = required ?? {};
  if (methods !== undefined && !methods.some((method) => had.includes(method))) {
    const got = had.length === 0 ? 'the token names no method' : `got ${had.join(', ')}`;
    return weak(`expected a login by ${methods.join(' or ')}, ${got}`);
  }
  if (maxAgeSeconds === undefined) return null;
  const age = at === null ? NaN : now - Date.parse(at);
  if (!(age <= maxAgeSeconds * 1000 && age >= -clockSkewMs)) {
    const got = at === null ? 'the token names no time of login' : `it was at ${at}`;
    return weak(`expected a login of the last ${maxAgeSeconds} s, ${got}`);
  }
  return null;
}

function weak(message: string): CountersignError {
  return new CountersignError('stronger_authentication_needed', message);
}
