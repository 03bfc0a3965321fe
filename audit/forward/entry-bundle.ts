import { CountersignError } from '../../domain/error.ts';

/** Bytes of an entry's length. */
const lengthBytes = 2;

/** Entries, each behind its length as two bytes, the higher first (C2SP tlog-tiles, "Log entries"). */
export function formatBundle(entries: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    entries.flatMap((bytes) => {
      const length = Buffer.alloc(lengthBytes);
      length.writeUInt16BE(bytes.length);
      return [length, bytes];
    }),
  );
}

/**
 * The entries of a bundle.
 * @throws CountersignError `malformed_evidence` for bytes that are not so many entries
 */
export function parseBundle(bundle: Buffer, count: number): Buffer[] {
  const entries: Buffer[] = [];
  let at = 0;
  while (at + lengthBytes <= bundle.length) {
    const end = at + lengthBytes + bundle.readUInt16BE(at);
    if (end > bundle.length) break;
    entries.push(bundle.subarray(at + lengthBytes, end));
    at = end;
  }
  if (at !== bundle.length || entries.length !== count) {
    throw new CountersignError(
      'malformed_evidence',
      `entry bundle: expected ${count} entries, got ${entries.length} and ${bundle.length - at} bytes behind`,
    );
  }
  return entries;
}
