import type { ChangeView } from '../api/view.ts';
import { shownLines } from '../domain/shown-text.ts';
import type { ShownEntry } from './api-client.ts';

/** One entry as a line: when, what, by whom, and the vendor's words with their RequestId. */
export function entryLine(entry: ShownEntry): string {
  const actor = entry.actor as { name?: string; subject?: string; process?: string } | undefined;
  const who = nameText(actor?.name ?? actor?.subject ?? actor?.process ?? '');
  const attempt = entry.attempt as
    | { ordinal?: number; httpStatus?: number | null; code?: string | null; requestId?: string | null }
    | undefined;
  const outcome = entry.outcome as { code?: string; requestId?: string | null } | string | undefined;
  const parts: string[] = [];
  if (attempt?.ordinal !== undefined) parts.push(`attempt ${attempt.ordinal}`);
  if (attempt?.httpStatus != null) parts.push(`HTTP ${attempt.httpStatus}`);
  if (attempt?.code != null) parts.push(attempt.code);
  const said = typeof outcome === 'object' ? outcome.code : outcome;
  if (said !== undefined) parts.push(said);
  const requestId =
    attempt?.requestId ?? (typeof outcome === 'object' ? outcome.requestId : null) ?? entry.readRequestId;
  if (typeof requestId === 'string') parts.push(`RequestId ${requestId}`);
  const place = entry.index === null ? '   -' : String(entry.index).padStart(4);
  return `${place}  ${entry.time}  ${entry.type.padEnd(18)} ${who.padEnd(8)} ${parts.join('  ')}`.trimEnd();
}

/** A change in a few lines. */
export function changeLines(change: ChangeView): string[] {
  const {
    id,
    operation,
    target,
    decisionStatus,
    executionStatus,
    requester,
    decideBy,
    executeBy,
    policy,
    digest,
    missing,
  } = change;
  const lines = [
    `change      ${id}`,
    `operation   ${operation} on ${targetText(target)}`,
    ...withText(`requester   ${nameText(requester.name)}`, change.justification),
    `decision    ${decisionStatus}${decisionStatus === 'pending' ? ` (decide by ${decideBy})` : ''}`,
    `execution   ${executionStatus}${executeBy !== null && change.closedAt === null ? ` (execute by ${executeBy})` : ''}`,
  ];
  lines.push(`policy      ${policy.name} version ${policy.version}, digest ${policy.digest}`);
  if (change.breakGlass) lines.push('break-glass it runs before all have approved, and owes a review');
  if (change.snapshot) lines.push(`snapshot    ${JSON.stringify(change.snapshot)}`);
  if (digest !== null) lines.push(`digest      ${digest}`);
  for (const { stage, group, seats, alsoFrom } of missing) {
    const others = alsoFrom.map((other) => other ?? 'any approver').join(', ');
    lines.push(
      `missing     ${seats} in stage ${stage} (${group ?? 'any approver'}${others && `; also from ${others}`})`,
    );
  }
  for (const d of change.decisions) {
    const mark = d.counts ? '' : ` (of round ${d.round}, does not count)`;
    lines.push(
      ...withText(`${d.decision.padEnd(11)} ${nameText(d.person.name)} at ${d.at}${mark}`, d.comment),
    );
  }
  for (const a of change.attempts) {
    lines.push(
      `attempt ${a.ordinal}   ${a.outcome} ${a.httpStatus ?? ''} ${a.code ?? ''} ${a.requestId ?? ''}`.trimEnd(),
    );
  }
  const { waitsFor, reviewStatus, review } = change;
  if (waitsFor) {
    const { kind, freezeId, until, reason } = waitsFor;
    const what = freezeId === null ? kind : `${kind} ${freezeId}`;
    lines.push(...withText(`waits for   ${what}${until === null ? '' : ` until ${until}`}`, reason));
  }
  if (change.outcome) lines.push(`outcome     ${change.outcome.code}: ${change.outcome.message}`);
  if (reviewStatus !== 'none') {
    const by = review ? ` by ${nameText(review.person.name)}` : '';
    lines.push(...withText(`review      ${reviewStatus}${by}`, review?.comment ?? ''));
  }
  return lines;
}

/** A line with what somebody wrote behind it, whose further lines are indented: none can be taken for a line of ours. */
function withText(line: string, text: string): string[] {
  const [first = '', ...further] = shownLines(text);
  return [text === '' ? line : `${line}: ${first}`, ...further.map((more) => `            ${more}`)];
}

/** A name without long gaps: enough blanks would have a terminal begin a line of its own with what follows them. */
function nameText(name: string): string {
  return name.replaceAll(/\p{Zs}{2,}/gu, ' ');
}

/** A target as people write it; as it is stored, where it is no encoded one. */
export function targetText(target: string): string {
  try {
    return decodeURIComponent(target);
  } catch {
    return target;
  }
}
