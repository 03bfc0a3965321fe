/** Numbers from 0 on, below what is asked for. */
export type Random = (below: number) => number;

/** The same numbers for the same seed (mulberry32). */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

export function oneOf<T>(list: readonly T[], random: Random): T {
  return list[random(list.length)] as T;
}

const edits: readonly ((data: Buffer, at: number, random: Random) => Buffer)[] = [
  function flipBit(data, at, random) {
    const copy = Buffer.from(data);
    copy[at] = (copy[at] ?? 0) ^ (1 << random(8));
    return copy;
  },
  function setByte(data, at, random) {
    const copy = Buffer.from(data);
    copy[at] = random(256);
    return copy;
  },
  function insertByte(data, at, random) {
    return Buffer.concat([data.subarray(0, at), Buffer.of(random(256)), data.subarray(at)]);
  },
  function dropBytes(data, at, random) {
    return Buffer.concat([data.subarray(0, at), data.subarray(at + 1 + random(8))]);
  },
  function copyBytes(data, at, random) {
    const from = random(data.length);
    const part = data.subarray(from, from + 1 + random(64));
    return Buffer.concat([data.subarray(0, at), part, data.subarray(at)]);
  },
  function truncate(data, at) {
    return data.subarray(0, at);
  },
  function append(data, _at, random) {
    return Buffer.concat([data, Buffer.alloc(1 + random(1024), random(2) * random(256))]);
  },
  function zeroBlock(data, at) {
    const copy = Buffer.from(data);
    return copy.fill(0, at, Math.min(at + 512, data.length));
  },
];

/** Bytes after one edit at random, and its name. */
export function mutateBytes(data: Buffer, random: Random): { readonly data: Buffer; readonly what: string } {
  const edit = oneOf(edits, random);
  const at = random(data.length + 1);
  return { data: edit(data, at, random), what: `${edit.name} at ${at}` };
}
