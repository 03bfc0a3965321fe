import { CountersignError } from './error.ts';
import type { Person } from './person.ts';
import type { RequiredAuthentication } from './policy.ts';

/** How far a login may seem to lie in the future, ms: clocks differ, and nobody logs in tomorrow. */
const clockSkewMs = 60_000;

/**
 * Whether somebody was authenticated as strongly and as recently as a policy asks. What the token does not say counts as
 * weak and as long ago.
 *
 * @param now - milliseconds since the epoch
 * @throws CountersignError `stronger_authentication_needed` (403)
 */
export function judgeAuthentication(
  { methods: had, at }: Person['authentication'],
  required: RequiredAuthentication | null,
  now: number,
): void {
  const { methods, maxAgeSeconds } = required ?? {};
  if (methods !== undefined && !methods.some((method) => had.includes(method))) {
    const got = had.length === 0 ? 'the token names no method' : `got ${had.join(', ')}`;
    throw weak(`expected a login by ${methods.join(' or ')}, ${got}`);
  }
  if (maxAgeSeconds === undefined) return;
  const age = at === null ? NaN : now - Date.parse(at);
  if (!(age <= maxAgeSeconds * 1000 && age >= -clockSkewMs)) {
    const got = at === null ? 'the token names no time of login' : `it was at ${at}`;
    throw weak(`expected a login of the last ${maxAgeSeconds} s, ${got}`);
  }
}

function weak(message: string): CountersignError {
  return new CountersignError('stronger_authentication_needed', message);
}
