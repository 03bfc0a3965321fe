import type { Coverage } from '../pack/manifest.ts';
import type { Verdict } from '../verify/verdict.ts';
import { clockEdge } from './reconcile.ts';
import type { Span } from './reconcile.ts';

/**
 * From when to when a verified pack has every attempt of its log; null for the pack of one change. A pack that reaches to its
 * checkpoint has everything until a trusted witness last cosigned that, so a time without entries is covered, too. Where clocks could
 * disagree about a call, nothing is said of it; before the log's first entry there was no other one.
 *
 * @param first - the time of the first entry, ISO 8601
 * @param last - that of the last one
 */
export function packSpan(
  { covers, checkpoint }: { readonly covers: Coverage; readonly checkpoint: Verdict['checkpoint'] },
  first: string,
  last: string,
): Span | null {
  if (covers.kind === 'change') return null;
  const seen = covers.to === checkpoint?.size ? checkpoint.witnesses.map(({ time }) => time ?? '') : [];
  const ends = [last, ...seen].map((time) => Date.parse(time)).filter((time) => !Number.isNaN(time));
  const from = Date.parse(first) + (covers.from === 0 ? 0 : clockEdge);
  return { from, to: Math.max(...ends) - clockEdge };
}
