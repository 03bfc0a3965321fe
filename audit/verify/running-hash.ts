import { createHash } from 'node:crypto';

/** SHA-256 of a text that comes in many small parts. */
export interface RunningHash {
  add(part: string): void;
  /** Lower-case hex; asked for once. */
  digest(): string;
}

const room = 65_536;
/** UTF-8 has no more bytes than that for a UTF-16 code unit. */
const mostBytes = 3;

/**
 * See {@link RunningHash}. Parts are gathered as bytes: each piece that is handed to the hash costs more than its bytes
 * do, and strings that wait would be copied by each collection of garbage.
 */
export function runningHash(start = ''): RunningHash {
  const hash = createHash('sha256');
  const held = Buffer.allocUnsafeSlow(room);
  let used = 0;
  const flush = () => {
    hash.update(held.subarray(0, used));
    used = 0;
  };
  const add = (part: string) => {
    const most = part.length * mostBytes;
    if (used + most > room) flush();
    if (most > room) hash.update(part);
    else used += held.write(part, used);
  };
  add(start);
  return {
    add,
    digest() {
      flush();
      return hash.digest('hex');
    },
  };
}
