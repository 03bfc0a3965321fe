/**
 * The member of a payload's metadata by which a workflow says in which encoding the payload is to be stored, since somebody
 * else than Countersign reads it. A codec takes it off; nothing that is stored has it.
 */
export const answerEncodingMember = 'countersign-answer';

/** What the default converters of every SDK read, without any codec. */
export const plainEncodings: ReadonlySet<string> = new Set(['json/plain', 'binary/plain', 'binary/null']);

/** The encoding of what is neither encrypted nor compressed. */
export const plainEncoding = 'json/plain';

/** The part of a payload that tells how its data is encoded. */
export interface Encoded {
  readonly metadata?: Readonly<Record<string, Uint8Array>> | null;
}

/** A payload's encoding; empty where it has none. */
export function encodingOf({ metadata }: Encoded): string {
  return textOf(metadata?.['encoding']);
}

/** In which encoding a workflow wants a payload stored; null where it does not say. */
export function answerEncodingOf({ metadata }: Encoded): string | null {
  const wanted = metadata?.[answerEncodingMember];
  return wanted === undefined ? null : textOf(wanted);
}

/** The metadata of a payload that is to be stored in an encoding of its reader's. */
export function metadataIn(
  encoding: string,
  metadata: Encoded['metadata'] = {},
): Readonly<Record<string, Uint8Array>> {
  return { ...metadata, [answerEncodingMember]: new TextEncoder().encode(encoding) };
}

/** Protocol Buffers make an empty list of bytes that are none. */
function textOf(bytes: Iterable<number> | undefined): string {
  return new TextDecoder().decode(Uint8Array.from(bytes ?? []));
}
