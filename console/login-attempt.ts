import { z } from 'zod';
import type { Seal } from './seal.ts';

const attemptSchema = z.strictObject({
  state: z.string(),
  nonce: z.string(),
  /** The secret half of PKCE (RFC 7636). */
  verifier: z.string(),
  returnTo: z.string(),
  /** How old the login may be, s, where it has to be a recent one. */
  maxAge: z.number().nullable(),
  /** Milliseconds since the epoch. */
  startedAt: z.number(),
  /** The id of the session that the new one takes the place of. */
  replaces: z.string().nullable(),
});

/** One attempt to log in, as its cookie keeps it: two tabs have two. */
export type LoginAttempt = z.infer<typeof attemptSchema>;

/** How long it may take, ms. */
export const attemptWithinMs = 600_000;

const place = 'login attempt';

/** The cookie's value. */
export function sealAttempt(seal: Seal, attempt: LoginAttempt): string {
  return seal.seal(attempt, place).toString('base64url');
}

/** The attempt of a cookie, or null where it is none of ours, or an old one. @param now - milliseconds since the epoch */
export function openAttempt(seal: Seal, value: string | undefined, now: number): LoginAttempt | null {
  const opened = attemptSchema.safeParse(seal.open(Buffer.from(value ?? '', 'base64url'), place));
  if (!opened.success || now - opened.data.startedAt > attemptWithinMs) return null;
  return opened.data;
}
