import type { ChangeEventType } from '../../domain/change-event.ts';
import { nextPhases, phaseOf } from '../../domain/lifecycle.ts';
import type { Phase } from '../../domain/lifecycle.ts';
import type { Change } from '../../domain/change.ts';
import type { ChangeRecord } from './change-record.ts';
import type { Illogical, Report } from './problem.ts';

/**
 * Whether an event may follow, asked of the one table of transitions. Of a change whose past was not seen only its end is
 * known.
 *
 * @param after - the change as the event makes it
 * @returns whether it may; otherwise it is reported
 */
export function judgeOrder(
  { change, whole }: ChangeRecord,
  type: ChangeEventType,
  after: Change,
  report: Report,
): boolean {
  const [from, to] = [phaseOf(change), phaseOf(after)];
  if (nextPhases(type, from).includes(to) || (!whole && from !== 'closed')) return true;
  const what =
    nextPhases(type, from).length > 0 ? ` leads from ${from} to ${to}` : ` while the change was ${from}`;
  report(codeOf(type, from), `${type}${what} (${change.decisionStatus}, ${change.executionStatus})`);
  return false;
}

/** For each event, by which code it is reported in which phase; `out_of_order` where nothing says it better. */
const codes: Partial<Record<ChangeEventType, Partial<Record<Phase, Illogical>>>> = {
  'change.prechecked': inEach('round_out_of_order', 'deciding', 'scheduled', 'running', 'paused'),
  'change.expired': inEach('not_pending', 'scheduled', 'running', 'paused', 'ending'),
  'change.refused': inEach('not_pending', 'ending'),
  'change.reminded': inEach('not_pending', 'scheduled', 'running', 'paused', 'ending'),
  'change.escalated': inEach('not_pending', 'scheduled', 'running', 'paused', 'ending'),
  'change.scheduled': inEach('not_pending', 'scheduled', 'running', 'paused', 'ending'),
  'decision.approved': { ...decidedToo(), reading: 'decision_not_awaited' },
  'decision.rejected': { ...decidedToo(), reading: 'decision_not_awaited' },
  'decision.withdrawn': inEach('not_pending', 'scheduled', 'running', 'paused', 'ending'),
  'decision.lapsed': inEach('not_approved', 'reading', 'deciding'),
  'change.drifted': inEach('not_approved', 'reading', 'deciding'),
  'change.held': inEach('not_approved', 'reading', 'deciding'),
  'attempt.started': inEach('attempt_without_approval', 'reading', 'deciding', 'ending'),
  'review.signed': inEach(
    'review_not_allowed',
    'reading',
    'deciding',
    'scheduled',
    'running',
    'paused',
    'ending',
  ),
};

function codeOf(type: ChangeEventType, from: Phase): Illogical {
  if (from === 'closed') return type === 'change.closed' ? 'closed_twice' : 'after_close';
  return codes[type]?.[from] ?? 'out_of_order';
}

function decidedToo(): Partial<Record<Phase, Illogical>> {
  return inEach('decision_not_allowed', 'scheduled', 'running', 'paused', 'ending');
}

function inEach(code: Illogical, ...phases: readonly Phase[]): Partial<Record<Phase, Illogical>> {
  return Object.fromEntries(phases.map((phase) => [phase, code]));
}
