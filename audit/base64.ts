/** The bytes of standard, padded base64 (RFC 4648, section 4), or null for any other spelling of them. */
export function fromBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : null;
}
