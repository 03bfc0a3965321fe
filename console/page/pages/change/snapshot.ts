import type { ChangeView, Entry } from '../../answers.ts';
import { shownJson } from '../../../../domain/shown-text.ts';

/** One member of what was read of a target. */
export interface SnapshotLine {
  /** What the operation calls it for people; null where it says nothing of it. */
  readonly label: string | null;
  /** The member's own name, which the digest is made over. */
  readonly member: string;
  readonly value: string;
}

/** A member that two readings of a target have otherwise. Null: it is not there. */
export interface SnapshotDifference {
  readonly member: string;
  readonly before: string | null;
  readonly after: string | null;
}

type Snapshot = NonNullable<ChangeView['snapshot']>;

/**
 * What was read, line by line: each value is the snapshot's own, which the digest covers. From what the operation presents
 * come labels and order only, and only for a value that the snapshot has as it is: these words the digest does not cover.
 */
export function snapshotLines(snapshot: Snapshot, presented: ChangeView['presented']): SnapshotLine[] {
  const left = new Map(Object.entries(snapshot).map(([member, value]) => [member, valueText(value)]));
  const lines: SnapshotLine[] = [];
  for (const { label, value } of presented ?? []) {
    const member = [...left].find(([, text]) => text === value)?.[0];
    if (member === undefined) continue;
    left.delete(member);
    lines.push({ label, member, value });
  }
  return [...lines, ...[...left].map(([member, value]) => ({ label: null, member, value }))];
}

/** In what two readings differ. */
export function snapshotDifferences(before: Snapshot | null, after: Snapshot | null): SnapshotDifference[] {
  const members = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]);
  return [...members]
    .map((member) => ({ member, before: memberText(before, member), after: memberText(after, member) }))
    .filter((difference) => difference.before !== difference.after);
}

/** What was read for a round, and by which call; undefined where no entry of it is known. */
export interface Reading {
  readonly snapshot: Snapshot | null;
  readonly at: string;
  readonly requestId: string | null;
  readonly warning: { readonly code: string; readonly message: string } | null;
}

/** See {@link Reading}. */
export function readingOf(entries: readonly Entry[], round: number): Reading | undefined {
  const entry = entries.findLast((one) => one.type === 'change.prechecked' && one['round'] === round);
  if (entry === undefined) return undefined;
  const { snapshot, time, readRequestId, warning } = entry as unknown as {
    readonly snapshot: Snapshot | null;
    readonly time: string;
    readonly readRequestId: string | null;
    readonly warning: Reading['warning'];
  };
  return { snapshot, at: time, requestId: readRequestId, warning };
}

function memberText(snapshot: Snapshot | null, member: string): string | null {
  return snapshot !== null && Object.hasOwn(snapshot, member) ? valueText(snapshot[member]) : null;
}

function valueText(value: unknown): string {
  return typeof value === 'string' ? value : shownJson(value);
}
