/**
 * A UUID of version 8 (RFC 9562, 5.8) out of a digest: the same for the same digest.
 * @param hex - at least 32 lower-case hex digits
 */
export function uuidOfDigest(hex: string): string {
  const variant = (8 + (parseInt(hex.slice(16, 17), 16) % 4)).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}
