import type { Change } from '../../domain/change.ts';
import { differenceIn } from '../../domain/stored-change.ts';
import type { Difference } from '../../domain/stored-change.ts';
import type { ChangeView } from './answers.ts';

/** What the page has found out about a change by making its digest anew. */
export type Verdict = 'checking' | 'intact' | Difference;

/** What there is to say of a change, once its digest is made. */
export async function verdictOn(change: ChangeView): Promise<Verdict> {
  const difference = await withHashes((sha256) => differenceIn(change as unknown as Change, sha256));
  return difference ?? 'intact';
}

/** What a rule answers that asks for hashes: a browser makes them only asynchronously, so it is asked until it has all. */
async function withHashes<T>(rule: (sha256: (text: string) => string) => T): Promise<T> {
  const made = new Map<string, string>();
  for (;;) {
    const wanted: string[] = [];
    const answer = rule((text) => {
      const hash = made.get(text);
      if (hash === undefined) wanted.push(text);
      return hash ?? '';
    });
    if (wanted.length === 0) return answer;
    for (const text of wanted) made.set(text, await sha256(text));
  }
}

/** SHA-256 of a text's UTF-8, lower-case hex. */
async function sha256(text: string): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
