import { createHash } from 'node:crypto';

/** SHA-256 of a text that comes in many small parts. */
export interface RunningHash {
  add(part: string): void;
  /** Lower-case hex; asked for once. */
  digest(): string;
}

/** See {@link RunningHash}. Parts are gathered: each piece that is handed to the hash costs more than its bytes do. */
export function runningHash(start = ''): RunningHash {
  const hash = createHash('sha256');
  let held = start;
  return {
    add(part) {
      held += part;
      if (held.length < 65_536) return;
      hash.update(held);
      held = '';
    },
    digest: () => hash.update(held).digest('hex'),
  };
}
