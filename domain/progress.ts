import type { Change, MissingSeats } from './change.ts';
import { actsForRequester, escalatedRight, personKey, voterOf } from './membership.ts';
import type { EligibilityFacts, DecisionAuthor } from './membership.ts';
import { askedFor } from './person.ts';
import type { PinnedPolicy } from './policy.ts';
import { allocateSeats } from './seats.ts';
import type { SeatAllocation, SeatRight, Seats } from './seats.ts';

/** The facts of a change that say whether it is approved. */
export type ApprovalFacts = EligibilityFacts & Pick<Change, 'decisions' | 'round' | 'breakGlass'>;

/** How far the decisions of a change's round have brought it. */
export interface Progress {
  readonly outcome: 'pending' | 'approved' | 'rejected';
  /** The stage that is open, or null when none is. */
  readonly open: string | null;
  readonly missing: readonly MissingSeats[];
}

/**
 * The seats that a change asks for, stage by stage: those of its policy. A break-glass change asks for one seat, for any of
 * the policy's people, or for none.
 */
export function seatsOf({ policy, breakGlass }: ApprovalFacts): Seats[][] {
  if (policy.standard) return [];
  const stages = policy.stages.map(({ name, groups }) => {
    // Whatever a policy's file was checked for, here nothing passes without a person: not by 0, not by an empty list.
    if (groups.length === 0) return [{ stage: name, group: null, accepts: [], threshold: 1 }];
    return groups.map(({ group, threshold }) => ({
      stage: name,
      group,
      accepts: [group, escalatedRight],
      threshold: threshold > 1 ? threshold : 1,
    }));
  });
  if (!breakGlass || policy.breakGlass === null) return stages;
  if (policy.breakGlass.approvals === 0) return [];
  const accepts = [...new Set(stages.flatMap((seats) => seats.map(({ group }) => group)))];
  const group = accepts[0] ?? null;
  return [[{ stage: 'break-glass', group, accepts: [...accepts, escalatedRight], threshold: 1 }]];
}

/** Whether a change needs no person's approval: its policy pre-approves it, or lets a break-glass change run without one. */
export function needsNobody({ policy, breakGlass }: Pick<ApprovalFacts, 'policy' | 'breakGlass'>): boolean {
  return policy.standard || (breakGlass && policy.breakGlass?.approvals === 0);
}

/**
 * What a set of decisions amounts to. Only those of the round count, of distinct approvers who neither asked for the
 * change nor acted for its requester. Their order does not matter.
 */
export function progressOf(change: ApprovalFacts): Progress {
  const stages = seatsOf(change);
  const allocation = allocated(change, stages);
  const missing = missingOf(change, stages, allocation);
  const open = missing[0]?.stage ?? null;
  if (isRejected(change, stages, open)) return { outcome: 'rejected', open, missing };
  const approved = needsNobody(change) || (stages.length > 0 && allocation.open === stages.length);
  return { outcome: approved ? 'approved' : 'pending', open, missing };
}

/** Whether somebody's approval or reject is awaited: they may fill a seat of the open stage, or free one for another. */
export function isAwaited(change: ApprovalFacts, author: DecisionAuthor): boolean {
  const stages = seatsOf(change);
  const { open, helps } = allocated(change, stages);
  const { rights } = voterOf(change, author, inPerson(change));
  return stages.some((seats, s) =>
    seats.some(
      ({ accepts }, i) =>
        (s === open || helps[s]?.[i] === true) && rights.some((right) => admits(accepts, right)),
    ),
  );
}

/** Whether somebody has a right to any seat of any stage. */
export function hasRight(change: ApprovalFacts, author: DecisionAuthor): boolean {
  const { rights } = voterOf(change, author, new Set());
  return seatsOf(change)
    .flat()
    .some(({ accepts }) => rights.some((right) => admits(accepts, right)));
}

function admits(accepts: Seats['accepts'], { groups }: SeatRight): boolean {
  return accepts.includes(null) || groups.some((group) => accepts.includes(group));
}

const lastAllocations = new WeakMap<
  ApprovalFacts['decisions'],
  { readonly change: ApprovalFacts; readonly allocation: SeatAllocation }
>();

/** The seats after the approvals are seated. One decision asks several times about the same list: it is seated once. */
function allocated(change: ApprovalFacts, stages: readonly (readonly Seats[])[]): SeatAllocation {
  const last = lastAllocations.get(change.decisions);
  if (last && isAlike(last.change, change)) return last.allocation;
  if (change.decisions.length === 0) return vacantSeats(change, stages);
  const allocation = allocateSeats(stages, voters(change, 'approve'));
  lastAllocations.set(change.decisions, { change, allocation });
  return allocation;
}

const vacant = new WeakMap<PinnedPolicy, { plain?: SeatAllocation; breakGlass?: SeatAllocation }>();

/** The seats before anybody has decided: of all changes of a policy they are the same. */
function vacantSeats(
  { policy, breakGlass }: ApprovalFacts,
  stages: readonly (readonly Seats[])[],
): SeatAllocation {
  const known = vacant.get(policy) ?? {};
  vacant.set(policy, known);
  return (known[breakGlass ? 'breakGlass' : 'plain'] ??= allocateSeats(stages, []));
}

/** Whether everything that seating looks at, but the decisions, is the very same. */
function isAlike(a: ApprovalFacts, b: ApprovalFacts): boolean {
  return (
    a.requester === b.requester &&
    a.policy === b.policy &&
    a.round === b.round &&
    a.submittedAt === b.submittedAt &&
    a.breakGlass === b.breakGlass &&
    a.escalatedAt === b.escalatedAt
  );
}

function voters(change: ApprovalFacts, what: 'approve' | 'reject', stage: string | null = null) {
  const present = inPerson(change);
  const seen = new Set<string>();
  return change.decisions
    .filter((d) => d.decision === what && isCounted(change, d) && (stage === null || d.stage === stage))
    .filter(({ person }) => seen.size < seen.add(personKey(person)).size)
    .map((d) => voterOf(change, d, present));
}

function isCounted(change: ApprovalFacts, d: ApprovalFacts['decisions'][number]): boolean {
  return (
    d.counts &&
    d.round === change.round &&
    d.person.roles.includes('approver') &&
    !askedFor(change.requester, d.person) &&
    !actsForRequester(change, d)
  );
}

/** Who has decided themselves and is represented by nobody. */
function inPerson(change: ApprovalFacts): ReadonlySet<string> {
  // Asked only for those who may be represented.
  if (change.policy.delegations.length === 0) return new Set();
  return new Set(
    change.decisions.filter((d) => d.counts && d.round === change.round).map((d) => personKey(d.person)),
  );
}

function isRejected(
  change: ApprovalFacts,
  stages: readonly (readonly Seats[])[],
  open: string | null,
): boolean {
  const { reject } = change.policy;
  if (!change.decisions.some((d) => d.decision === 'reject' && isCounted(change, d))) return false;
  if (reject.kind === 'any') return true;
  // A stage whose seats are full was not rejected while it was open: its minority does not come to count afterwards.
  if (reject.kind === 'majority' && open === null) return false;
  const seats = stages.find((stage) => stage[0]?.stage === open) ?? [];
  const half = seats.reduce((sum, { threshold }) => sum + threshold, 0) / 2;
  const threshold = reject.kind === 'count' ? reject.count : Math.floor(half) + 1;
  const against = voters(change, 'reject', reject.kind === 'majority' ? open : null);
  const accepts = [...new Set(stages.flat().flatMap((s) => s.accepts))];
  return allocateSeats([[{ stage: '', group: null, accepts, threshold }]], against).open === 1;
}

/** What of the seats is still free. */
export function missingOf(
  change: ApprovalFacts,
  stages: readonly (readonly Seats[])[],
  allocation: SeatAllocation,
): MissingSeats[] {
  const { open, free, helps } = allocation;
  const helping = stages.flatMap((seats, s) =>
    seats.filter((_, i) => helps[s]?.[i]).flatMap((x) => x.accepts),
  );
  const escalated = change.escalatedAt === null ? null : (change.policy.escalation?.group ?? null);
  return stages.flatMap((seats, s) =>
    seats.flatMap(({ stage, group, threshold }, i) => {
      const count = s < open ? 0 : s === open ? (free[s]?.[i] ?? threshold) : threshold;
      if (count === 0) return [];
      const others = s === open ? helping.filter((g) => g !== group && g !== escalatedRight) : [];
      if (s === open && escalated !== null && escalated !== group) others.push(escalated);
      return [{ stage, group, seats: count, alsoFrom: [...new Set(others)] }];
    }),
  );
}
