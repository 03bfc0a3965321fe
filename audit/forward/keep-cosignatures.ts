import { splitNote } from '../note.ts';
import type { SignatureLine } from '../note.ts';

/**
 * A checkpoint's note with the cosignatures that only an earlier note of the same tree has, so that whoever follows a log loses
 * none: the same tree may be published before its witnesses have answered. Signatures are not checked here.
 *
 * @param earlier - null: none is kept
 * @throws CountersignError `malformed_evidence` for what is no note
 */
export function keepCosignatures(note: string, earlier: string | null): string {
  if (earlier === null) return note;
  const [next, before] = [splitNote(note), splitNote(earlier)];
  if (next.text !== before.text) return note;
  const known = new Set(next.lines.map(signerOf));
  const more = before.lines.filter((line) => !known.has(signerOf(line)));
  return `${note}${more.map(({ line }) => `${line}\n`).join('')}`;
}

function signerOf({ name, keyId }: SignatureLine): string {
  return `${name}+${keyId}`;
}
