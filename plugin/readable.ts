import type { Payload, PayloadCodec } from '@temporalio/common';
import { isMarkedPlain, markedPlain } from '../domain/plain-payload.ts';
import { unreadableValue } from '../domain/unreadable.ts';

/** What the default converter reads. */
const known: ReadonlySet<string> = new Set(['json/plain', 'binary/plain', 'binary/null']);

/**
 * The codec of our own workers. It leaves payloads as they are, marks them for hosts whose codec is wrapped in
 * `plainForChanges`, and puts a word of its own in the place of what cannot be read: a workflow cannot even begin with such
 * an argument, and its task would be tried for ever.
 */
export const readable: PayloadCodec = {
  encode: (payloads) => Promise.resolve(payloads.map(marked)),
  decode: (payloads) => Promise.resolve(payloads.map(legible)),
};

function marked(payload: Payload): Payload {
  const { metadata } = payload;
  if (!known.has(encodingOf(payload)) || isMarkedPlain(payload)) return payload;
  return { ...payload, metadata: { ...metadata, ...markedPlain } };
}

function legible(payload: Payload): Payload {
  const why = illegibility(payload);
  if (why === null) return payload;
  return {
    metadata: { encoding: Buffer.from('json/plain') },
    data: Buffer.from(JSON.stringify(unreadableValue(why))),
  };
}

function illegibility(payload: Payload): string | null {
  const encoding = encodingOf(payload);
  if (!known.has(encoding)) return `encoded as ${encoding.slice(0, 100) || 'nothing'}`;
  if (encoding !== 'json/plain') return null;
  try {
    JSON.parse(Buffer.from(payload.data ?? []).toString());
    return null;
  } catch {
    return 'json/plain, and no JSON';
  }
}

function encodingOf({ metadata }: Payload): string {
  return Buffer.from(metadata?.['encoding'] ?? []).toString();
}
