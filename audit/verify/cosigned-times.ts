import type { OpenedCheckpoint } from '../checkpoint.ts';

/** When trusted witnesses cosigned a checkpoint, ms since 1970; those that name no time are left out. */
export function cosignedTimes({ cosignatures }: Pick<OpenedCheckpoint, 'cosignatures'>): number[] {
  return cosignatures.flatMap(({ time }) => (time === null ? [] : [time * 1000]));
}

/** When the log was seen at a size, ms since 1970. */
export interface Seen {
  readonly size: number;
  readonly first: number;
  readonly last: number;
}

/** When witnesses saw the log, the smallest first; checkpoints without a cosignature that has a time say nothing. */
export function seenSizes(checkpoints: readonly OpenedCheckpoint[]): Seen[] {
  return checkpoints
    .flatMap((checkpoint) => {
      const times = cosignedTimes(checkpoint);
      const { size } = checkpoint;
      return times.length === 0 ? [] : [{ size, first: Math.min(...times), last: Math.max(...times) }];
    })
    .toSorted((a, b) => a.size - b.size);
}
