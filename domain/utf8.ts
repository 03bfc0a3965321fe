/** Bytes as text, or where they are none. */
export type Decoded =
  | { readonly text: string }
  /** `offset` counts bytes from 0: the first that begins no character. `line` counts from 1. */
  | { readonly text: null; readonly offset: number; readonly line: number };

/**
 * Decodes UTF-8, strictly: a wrong byte would otherwise become U+FFFD, and a name another one. A byte order mark at the
 * beginning is left out.
 */
export function decodeUtf8(bytes: Uint8Array): Decoded {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    const offset = firstFault(bytes);
    const line = bytes.subarray(0, offset).reduce((lines, byte) => (byte === 0x0a ? lines + 1 : lines), 1);
    return { text: null, offset, line };
  }
}

/** What to tell of a file that is no UTF-8. */
export function notUtf8({ offset }: { readonly offset: number }): string {
  return `is not UTF-8: byte ${offset} (counted from 0) begins no character; save it as UTF-8`;
}

/** Where lenient decoding first made something else of the bytes. */
function firstFault(bytes: Uint8Array): number {
  const lenient = new TextEncoder().encode(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes));
  const at = bytes.findIndex((byte, i) => byte !== lenient[i]);
  // U+FFFD is EF BF BD: where the wrong bytes begin like it, what differs comes after them.
  const before = [1, 2].find((n) => lenient[at - n] === 0xef && lenient[at - n + 1] === 0xbf);
  const inside = before !== undefined && lenient[at - before + 2] === 0xbd;
  return inside ? at - before : at;
}
