/**
 * Whether an API token may be used at a moment: nobody has revoked it, and it has not expired.
 *
 * @param token - times are ISO 8601
 * @param now - milliseconds since the epoch
 */
export function isTokenValid(
  { expiresAt, revokedAt }: { readonly expiresAt: string; readonly revokedAt: string | null },
  now: number,
): boolean {
  return revokedAt === null && now < Date.parse(expiresAt);
}
