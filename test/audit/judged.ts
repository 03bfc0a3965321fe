import type { ChangeRecord } from '../../audit/verify/change-record.ts';
import { follow } from '../../audit/verify/follow-change.ts';
import type { EntryBody } from '../../domain/entry.ts';
import { policyOf } from './change-story.ts';

/** The codes of what a verifier finds in the entries of a story. @param whole - whether its first entry must be among them */
export function judged(entries: readonly EntryBody[], whole = true): string[] {
  let record: ChangeRecord | null = null;
  const codes: string[] = [];
  for (const body of entries) {
    const next = follow(record, body, whole, policyOf(body));
    record = next.record;
    codes.push(...next.problems.map(({ code }) => code));
  }
  return codes;
}
