import { join } from 'node:path';
import { keysIn } from '../audit/verify/trusted-keys.ts';
import { periodLine } from '../domain/key-period.ts';
import type { KeyPeriod } from '../domain/key-period.ts';
import { makeOnce, textOf } from '../embedded/make-once.ts';
import { rewriteKeyFile } from './rewrite-key-file.ts';

/** A public key as text, and for what it is trusted. */
export interface EndedKeyText {
  readonly text: string;
  readonly period: KeyPeriod;
}

function fileOf(home: string): string {
  return join(home, 'keys', 'ended-keys.txt');
}

/** The public keys of a home that have ended, as auditors are to trust them. @throws CountersignError `invalid_configuration` */
export async function readEndedKeys(home: string): Promise<EndedKeyText[]> {
  return keysIn((await textOf(fileOf(home))) ?? '');
}

/** The lines of an ended key in a file of trusted keys. */
export function endedKeyLines({ text, period }: EndedKeyText, why: string): string {
  return `# ${why}\n${periodLine(period)}\n${text.trim()}\n`;
}

/**
 * Keeps that a key has ended, for auditors. Nothing is taken out of the file: of a key that stands there twice both periods hold.
 * @returns whether it was new
 */
export async function keepEndedKey(home: string, key: EndedKeyText, why: string): Promise<boolean> {
  const file = fileOf(home);
  const head = '# Keys that have ended, and for what they are still to be believed.\n';
  const before = await makeOnce(file, () => head, 0o644);
  const lines = endedKeyLines(key, why);
  if (before.includes(lines.slice(lines.indexOf('\n') + 1))) return false;
  await rewriteKeyFile(file, before + lines);
  return true;
}
