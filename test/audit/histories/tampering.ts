import type { EntryBody } from '../../../domain/entry.ts';
import { signed } from '../memory-log.ts';
import type { TestKeys } from '../memory-log.ts';
import type { Tampering } from './edits.ts';
import { randomOf } from './random.ts';
import { callTamperings } from './tamper-calls.ts';
import { orderTamperings } from './tamper-order.ts';
import { ruleTamperings } from './tamper-rules.ts';
import { toldTamperings } from './tamper-told.ts';
import { wordTamperings } from './tamper-words.ts';

/** The ways to tamper with a log, by name. Some of them leave a log as good as it was: then both judges have to say so. */
export const tamperings: Readonly<Record<string, Tampering>> = {
  ...orderTamperings,
  ...wordTamperings,
  ...callTamperings,
  ...ruleTamperings,
  ...toldTamperings,
};

/** A log with which somebody has tampered in one way, and what it is called. */
export interface Tampered {
  readonly name: string;
  readonly entries: EntryBody[];
}

/**
 * A log with which somebody has tampered, who then has the whole tree signed anew. Null where it could not be done to this log.
 * @param way - one of {@link tamperings}
 */
export function tampered(
  entries: readonly EntryBody[],
  way: string,
  seed: number,
  keys: TestKeys,
): Tampered | null {
  const random = randomOf(seed);
  const copy = structuredClone(entries) as EntryBody[];
  if (tamperings[way]?.(copy, random) !== true || copy.length === 0) return null;
  if (JSON.stringify(copy) === JSON.stringify(entries)) return null;
  const hasKey = random.chance(0.6);
  const name = `${way}, ${hasKey ? 'with' : 'without'} the API's key`;
  return { name, entries: hasKey ? copy.map((body) => signed(body, keys)) : copy };
}
