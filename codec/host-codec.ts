import type { PayloadCodec } from '@temporalio/common';

/** How a host's own payloads are encoded, so that Countersign understands what it asks and is understood. */
export interface HostCodec {
  /** Every encoding that its payloads may bear in Temporal, such as `binary/encrypted`. */
  readonly encodings: readonly string[];
  /** The codecs of the host's workers and clients, in the order of their `payloadCodecs`. */
  readonly payloadCodecs: readonly PayloadCodec[];
  /** Task queues of operations whose workers have them: what is handed over there is encoded so. */
  readonly taskQueues?: readonly string[];
}

/**
 * What two codecs claim for themselves, an encoding or a task queue; null where there is no such thing. Who asks in it would be
 * understood by one of them alone.
 */
export function claimedTwice(codecs: readonly HostCodec[]): string | null {
  for (const [what, names] of [
    ['encoding', codecs.flatMap(({ encodings }) => encodings)],
    ['task queue', codecs.flatMap(({ taskQueues = [] }) => taskQueues)],
  ] as const) {
    const twice = names.find((name, at) => names.indexOf(name) !== at);
    if (twice !== undefined) return `${what} ${twice}`;
  }
  return null;
}

/** The codec of an encoding; null where there is none. */
export function hostCodecOf(codecs: readonly HostCodec[], encoding: string): HostCodec | null {
  return codecs.find(({ encodings }) => encodings.includes(encoding)) ?? null;
}
