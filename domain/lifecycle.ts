import type { Change } from './change.ts';
import type { ChangeEventType } from './change-event.ts';
import { hasStopped } from './stop.ts';

/** What a change is doing, in one word each; docs/lifecycle.md is made of this. */
export const phases = {
  reading: 'The target is read, so that approvers can be shown what it is.',
  deciding: 'Approvers are asked for their decisions on what was read.',
  scheduled:
    'The policy is satisfied; the call waits for its time: execute-after, a change window, the end of a freeze.',
  running:
    'A first attempt of the call was recorded; calls are made and repeated until one succeeds or none may follow.',
  paused: 'An operator has paused the execution; no call begins.',
  ending:
    'No further call begins; what an earlier call has done is read from the target, and the end is written.',
  closed:
    'The change has its one outcome. A late answer of a call and the review of a break-glass change may still come.',
} as const;
/** One of {@link phases}. */
export type Phase = keyof typeof phases;

/** Who can make something happen. */
export type Mover = 'requester' | 'approver' | 'operator' | 'admin' | 'reviewer' | 'worker' | 'engine';

/** What an event does, and by whom. */
export interface Transition {
  /** Who makes it happen. `worker`: the service by itself. `engine`: a cancellation in Temporal. */
  readonly by: readonly Mover[];
  /** From which phase to which phases. */
  readonly moves: Readonly<Partial<Record<Phase, readonly Phase[]>>>;
}

/** For each event, what it does. */
export type Transitions = Readonly<Record<ChangeEventType, Transition>>;

const everywhere = {
  reading: ['reading'],
  deciding: ['deciding'],
  scheduled: ['scheduled'],
  running: ['running'],
  paused: ['paused'],
  ending: ['ending'],
} as const;
const toEnding = {
  reading: ['ending'],
  deciding: ['ending'],
  scheduled: ['ending'],
  running: ['ending'],
  paused: ['ending'],
} as const;
const answered = { by: ['worker'], moves: { ...everywhere, closed: ['closed'] } } as const;

/**
 * What may follow what: for each event, from which phase to which. Whatever is not here does not happen: `decide` lets no
 * other event pass, and the verifier reports it.
 */
export const transitions = {
  /** The first event; there is no phase before it. */
  'change.requested': { by: ['requester'], moves: {} },
  'change.prechecked': { by: ['worker'], moves: { reading: ['deciding'] } },
  'change.refused': { by: ['worker', 'admin'], moves: toEnding },
  'change.expired': { by: ['worker'], moves: { reading: ['ending'], deciding: ['ending'] } },
  // Who approves a stage that was open again may come to one that a majority had rejected.
  'decision.approved': { by: ['approver'], moves: { deciding: ['deciding', 'ending'] } },
  'decision.rejected': { by: ['approver'], moves: { deciding: ['deciding', 'ending'] } },
  // Who decides in somebody's place counts only while that person has not decided.
  'decision.withdrawn': { by: ['approver'], moves: { deciding: ['deciding', 'ending'] } },
  'change.reminded': { by: ['worker'], moves: { deciding: ['deciding'] } },
  'change.escalated': { by: ['worker'], moves: { deciding: ['deciding', 'ending'] } },
  'change.scheduled': { by: ['worker'], moves: { deciding: ['scheduled', 'paused'] } },
  'decision.lapsed': {
    by: ['worker'],
    moves: {
      scheduled: ['deciding', 'ending'],
      running: ['deciding', 'ending'],
      paused: ['deciding', 'ending'],
    },
  },
  'change.held': { by: ['worker'], moves: { scheduled: ['scheduled'], running: ['scheduled'] } },
  'change.paused': {
    by: ['operator'],
    // Said of an approved change, it may be heard when people are asked again: then it holds from their approval on.
    moves: {
      reading: ['reading'],
      deciding: ['deciding'],
      scheduled: ['paused'],
      running: ['paused'],
      paused: ['paused'],
    },
  },
  'change.resumed': {
    by: ['operator'],
    moves: {
      reading: ['reading'],
      deciding: ['deciding'],
      scheduled: ['scheduled'],
      running: ['running'],
      paused: ['scheduled'],
    },
  },
  'change.retried': {
    by: ['operator'],
    moves: { reading: ['reading'], deciding: ['deciding'], scheduled: ['scheduled'], running: ['running'] },
  },
  'change.withdrawn': { by: ['requester', 'operator', 'engine'], moves: toEnding },
  'change.abandoned': { by: ['operator', 'admin', 'engine'], moves: toEnding },
  'change.drifted': {
    by: ['worker'],
    moves: { scheduled: ['reading'], running: ['reading'], paused: ['reading'] },
  },
  'attempt.started': { by: ['worker'], moves: { scheduled: ['running'], running: ['running'] } },
  'attempt.succeeded': answered,
  'attempt.failed': answered,
  'attempt.unknown': answered,
  'change.reconciled': { by: ['worker'], moves: everywhere },
  'change.closed': {
    by: ['worker'],
    moves: {
      // A change whose workflow is gone is closed in whatever phase it is.
      reading: ['closed'],
      deciding: ['closed'],
      scheduled: ['closed'],
      running: ['closed'],
      paused: ['closed'],
      ending: ['closed'],
    },
  },
  'review.signed': { by: ['reviewer'], moves: { closed: ['closed'] } },
} as const satisfies Transitions;

/** The phase of a change. */
export function phaseOf({
  closedAt,
  decisionStatus,
  executionStatus,
  standing,
  digest,
}: Pick<Change, 'closedAt' | 'decisionStatus' | 'executionStatus' | 'standing' | 'digest'>): Phase {
  if (closedAt !== null) return 'closed';
  if (hasStopped(standing)) return 'ending';
  if (decisionStatus === 'pending') return digest === null ? 'reading' : 'deciding';
  if (decisionStatus !== 'approved') return 'ending';
  if (executionStatus === 'paused' || executionStatus === 'running') return executionStatus;
  return 'scheduled';
}

/** Whether an event may happen to a change in a phase. @param table - another table, to see that it is found wrong */
export function mayHappen(type: ChangeEventType, phase: Phase, table: Transitions = transitions): boolean {
  return nextPhases(type, phase, table).length > 0;
}

/** The phases to which an event may lead from a phase; none where it may not happen. */
export function nextPhases(
  type: ChangeEventType,
  phase: Phase,
  table: Transitions = transitions,
): readonly Phase[] {
  return table[type].moves[phase] ?? [];
}
