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
  if (required === null) return null;
  const { methods, maxAgeSeconds } = required;
  if (methods !== undefined && !methods.some((method) => had.includes(method))) {
    const got = had.length === 0 ? 'the token names no method' : `got ${had.join(', ')}`;
    return weak(`expected a login by ${methods.join(' or ')}, ${got}`, wayToLogIn(required, true));
  }
  if (maxAgeSeconds === undefined) return null;
  const age = at === null ? NaN : now - Date.parse(at);
  if (!(age <= maxAgeSeconds * 1000 && age >= -clockSkewMs)) {
    const got = at === null ? 'the token names no time of login' : `it was at ${at}`;
    return weak(`expected a login of the last ${maxAgeSeconds} s, ${got}`, wayToLogIn(required, false));
  }
  return null;
}

/** What a client asks the identity provider for (RFC 9470 §4), so that the next login will do. */
interface WayToLogIn {
  /** `acr_values` (OpenID Connect Core 1.0 §3.1.2.1). */
  readonly acrValues?: string;
  /** `max_age`, s. */
  readonly maxAgeSeconds?: number;
}

/** @param anew - whether the last login was not strong enough, however recent */
function wayToLogIn({ methods = [], maxAgeSeconds }: RequiredAuthentication, anew: boolean): WayToLogIn {
  const contexts = methods.flatMap((method) => /^acr:([!#-[\]-~]+)$/.exec(method)?.[1] ?? []);
  // Only a context can be asked for. For another method people have to log in anew: then they can choose it.
  if (contexts.length === 0 && anew) return { maxAgeSeconds: 0 };
  return {
    ...(contexts.length === 0 ? {} : { acrValues: contexts.join(' ') }),
    ...(maxAgeSeconds === undefined ? {} : { maxAgeSeconds }),
  };
}

function weak(message: string, way: WayToLogIn): CountersignError {
  return new CountersignError('stronger_authentication_needed', message, { extra: { ...way } });
}
