import type { ChangeView } from '../../api/change-view.ts';
import type { ChangeRecord } from '../../audit/verify/change-record.ts';
import { follow } from '../../audit/verify/follow-change.ts';
import type { Problem } from '../../audit/verify/problem.ts';
import { canonicalJson } from '../../domain/canonical-json.ts';
import type { EntryBody } from '../../domain/entry.ts';

/** What a verifier finds in the entries of a change, under the policy that the API shows of it. */
export function problemsIn(
  entries: readonly object[],
  { policy }: Pick<ChangeView, 'policy'>,
): readonly Problem[] {
  const known = { policy, json: canonicalJson(policy) };
  let record: ChangeRecord | null = null;
  const found: Problem[] = [];
  for (const entry of entries) {
    const next = follow(record, entry as EntryBody, true, known);
    record = next.record;
    found.push(...next.problems);
  }
  return found;
}
