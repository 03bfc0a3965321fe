import type { ChangeView, ListedChange } from '../api/change-view.ts';
import { voucherIn } from '../domain/entry.ts';
import { attributedName } from '../domain/person.ts';
import { shownLines } from '../domain/shown-text.ts';
import type { Target } from '../domain/target.ts';
import type { JsonObject } from '../domain/json.ts';
import type { DescribedOperation } from '../operations/describe.ts';
import type { ShownEntry } from '../client/api-client.ts';

/** One entry as a line: its time, type and actor, and the vendor's answer with its RequestId. An entry may hold anything. */
export function renderEntry({
  index,
  type,
  time,
  actor,
  label,
  attempt,
  outcome,
  readRequestId,
}: ShownEntry): string {
  const voucher = voucherIn((actor as JsonObject | null | undefined)?.['vouchedBy']);
  const named = memberOf(actor, 'name') ?? memberOf(actor, 'subject') ?? memberOf(actor, 'process');
  const who = voucher === null ? named : `${named ?? ''}, vouched for by ${voucher}`;
  const [ordinal, httpStatus, code] = ['ordinal', 'httpStatus', 'code'].map((name) =>
    memberOf(attempt, name),
  );
  const said = typeof outcome === 'string' ? outcome : memberOf(outcome, 'code');
  const requestId =
    memberOf(attempt, 'requestId') ??
    memberOf(outcome, 'requestId') ??
    memberOf({ readRequestId }, 'readRequestId');
  const parts = [
    ...(typeof label === 'string' ? [nameText(label)] : []),
    ...(ordinal === undefined ? [] : [`attempt ${ordinal}`]),
    ...(httpStatus === undefined ? [] : [`HTTP ${httpStatus}`]),
    ...(code === undefined ? [] : [code]),
    ...(said === undefined ? [] : [said]),
    ...(requestId === undefined ? [] : [`RequestId ${requestId}`]),
  ];
  const place = index === null ? '   -' : String(index).padStart(4);
  return `${place}  ${time}  ${(memberOf({ type }, 'type') ?? '').padEnd(18)} ${nameText(who ?? '').padEnd(8)} ${parts.join('  ')}`.trimEnd();
}

/** A member as text, where there is one that can be read as such. */
function memberOf(value: unknown, name: string): string | undefined {
  if (value === null || typeof value !== 'object') return undefined;
  const found = (value as Record<string, unknown>)[name];
  return typeof found === 'string' || typeof found === 'number' ? String(found) : undefined;
}

/** A change of a list as a line. */
export function renderListedChange({ id, decisionStatus, executionStatus, target }: ListedChange): string {
  return `${id}  ${decisionStatus.padEnd(9)} ${executionStatus.padEnd(16)} ${targetText(target)}`;
}

/** A gated operation as a line: its name, what it does, and the members of its input. */
export function renderOperation({ name, title, input }: DescribedOperation): string {
  const members = Object.keys((input['properties'] ?? {}) as JsonObject).map(nameText);
  return `${nameText(name).padEnd(27)} ${nameText(title)}: ${members.join(', ')}`;
}

/** A change in a few lines. */
export function renderChange(change: ChangeView): string[] {
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
    `operation   ${operation}`,
    `target      ${targetText(target)}`,
    `scope       ${JSON.stringify(target.scope)}`,
    ...withText(`requester   ${nameText(attributedName(requester))}`, change.justification),
    `decision    ${decisionStatus}${decisionStatus === 'pending' ? ` (decide by ${decideBy})` : ''}`,
    `execution   ${executionStatus}${executeBy !== null && change.closedAt === null ? ` (execute by ${executeBy})` : ''}`,
  ];
  lines.push(...stopLines(change));
  lines.push(`policy      ${policy.name} version ${policy.version}, digest ${policy.digest}`);
  if (change.breakGlass) lines.push('break-glass it runs before all have approved, and owes a review');
  lines.push(...renderSnapshot(change).map((line, i) => (i === 0 ? `snapshot${line.slice(8)}` : line)));
  lines.push(...ticketLines(change));
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

/** The word that stopped or paused it, which is accepted before a worker acts on it: the statuses may still be those of before. */
function stopLines({ stop, closedAt }: Pick<ChangeView, 'stop' | 'closedAt'>): string[] {
  if (stop === null) return [];
  const { action, by, comment, at } = stop;
  const isAwaited = closedAt === null && action !== 'pause';
  const what = `stop        ${action} by ${nameText(by.name)} at ${at}${isAwaited ? ' (accepted; a worker ends the change)' : ''}`;
  return withText(what, comment);
}

/** Under which ticket, and what was read of it last. */
function ticketLines({ ticket, ticketRead }: Pick<ChangeView, 'ticket' | 'ticketRead'>): string[] {
  if (ticket === null) return [];
  const named = `ticket      ${inOneLine(ticket.system)} ${inOneLine(ticket.id)}`;
  if (ticketRead === null) return [named];
  const { at, point, verdict, message, ticket: read } = ticketRead;
  const when = point === 'precheck' ? 'before people were asked' : 'before the call';
  const fields = Object.entries(read?.fields ?? {}).map(([name, value]) => `${name}: ${value ?? 'empty'}`);
  return [
    named,
    ...(read === null
      ? []
      : [
          `            ${inOneLine(read.key)} ${inOneLine(read.state)}, ${inOneLine(read.type)} in ${inOneLine(read.project)}: ${inOneLine(read.summary)}`,
          ...fields.map((field) => `            ${inOneLine(field)}`),
        ]),
    `            read ${when} at ${at}: ${verdict === null ? 'as its policy asks' : `${verdict}, ${inOneLine(message ?? '')}`}`,
  ];
}

/** What was read of a change's target: line by line, or as JSON where the API does not present it. */
export function renderSnapshot({
  presented,
  snapshot,
}: Pick<ChangeView, 'presented' | 'snapshot'>): string[] {
  if (!presented) return snapshot ? [`            ${JSON.stringify(snapshot)}`] : [];
  // Each in one line: what somebody named a certificate cannot be taken for the next line.
  return presented.map(({ label, value }) => `            ${inOneLine(label)}: ${inOneLine(value)}`);
}

function inOneLine(text: string): string {
  return nameText(shownLines(text).join(' '));
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

/** A target as people know it; by its id where it has no label. */
function targetText({ id, label }: Target): string {
  return nameText(label === '' ? id : label);
}
