import { keep, readKept } from '../kept.ts';
import { fromHex, hex } from './bytes.ts';
import type { VerifiedTree } from './check-pack.ts';

const keysName = 'trusted-keys';

/** The auditor's `trusted-keys.txt`, as they gave it to this browser; empty: none. */
export function keptKeys(): string {
  return readKept('local', keysName) ?? '';
}

/** Keeps it; empty: no longer. */
export function keepKeys(text: string): void {
  keep('local', keysName, text === '' ? null : text);
}

/** The largest tree of a log that this browser has verified; null: nothing yet. @param origin - the log's name */
export function rememberedOf(origin: string): VerifiedTree | null {
  const text = readKept('local', nameOf(origin));
  if (text === null) return null;
  const [sizeText = '', rootText = ''] = text.split(' ');
  const root = fromHex(rootText);
  const size = Number(sizeText);
  return root === null || !Number.isSafeInteger(size) || size < 1 ? null : { size, root };
}

/** Remembers a tree that was verified, if it is a larger one. */
export function remember(origin: string, { size, root }: VerifiedTree): void {
  const before = rememberedOf(origin);
  if (size < 1 || (before !== null && before.size >= size)) return;
  keep('local', nameOf(origin), `${size} ${hex(root)}`);
}

function nameOf(origin: string): string {
  return `log ${origin}`;
}
