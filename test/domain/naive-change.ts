import type { DecisionStatus, ExecutionStatus, ReviewStatus } from '../../domain/status.ts';

/** What somebody, or the service, tries to do to a change. */
export type Try =
  | { readonly what: 'approve' | 'reject' | 'take_back' | 'review'; readonly who: string }
  | {
      readonly what: 'withdraw' | 'pause' | 'resume' | 'retry' | 'abandon' | 'revoke';
      readonly who: string;
    }
  | { readonly what: 'show' | 'refuse' | 'expire' | 'drift' | 'hold' | 'cancel' | 'begin' | 'mark' | 'close' }
  | { readonly what: 'lapse'; readonly who: string }
  | { readonly what: 'answer'; readonly how: 'succeeded' | 'failed' | 'unknown' };

/** What anybody can see of a change. */
export interface Seen {
  readonly decisionStatus: DecisionStatus;
  readonly executionStatus: ExecutionStatus;
  readonly reviewStatus: ReviewStatus;
  readonly round: number;
  /** Whose decision counts, and which it is. */
  readonly votes: Readonly<Record<string, 'approve' | 'reject'>>;
  readonly started: number;
  readonly isOpen: boolean;
  readonly called: boolean;
  readonly succeeded: boolean;
  readonly reviewer: string | null;
  readonly isClosed: boolean;
}

/** Who takes part, with their roles. Alice asks. */
export const roles: Readonly<Record<string, readonly string[]>> = {
  alice: ['requester', 'approver'],
  bob: ['approver'],
  carol: ['approver'],
  dan: ['approver'],
  dave: ['auditor'],
  olga: ['operator'],
  adam: ['admin'],
};

/** What stops a change for good. */
const stops = ['withdraw', 'abandon', 'revoke', 'cancel', 'refuse', 'expire', 'reject'];

/**
 * A change once more, without any of the code that it is compared with: nothing is kept but the list of what has happened,
 * and whatever is asked of it is looked up there from the beginning.
 *
 * @param needed - how many approvals its policy asks for; one reject ends it
 */
export function naiveChange(needed: number, breakGlass: boolean) {
  const happened: Try[] = [];

  const since = (...what: readonly Try['what'][]): Try[] =>
    happened.slice(happened.findLastIndex((one) => what.includes(one.what)) + 1);
  const has = (what: Try['what'], list: readonly Try[] = happened): boolean =>
    list.some((one) => one.what === what);
  const count = (what: Try['what']): number => happened.filter((one) => one.what === what).length;
  const may = (who: string, role: string): boolean => roles[who]?.includes(role) === true;

  const isClosed = () => has('close');
  const stop = () => happened.find(({ what }) => stops.includes(what))?.what;
  const isShown = () => has('show') && !has('drift', since('show'));
  function votes(): ReadonlyMap<string, 'approve' | 'reject'> {
    const counting = new Map<string, 'approve' | 'reject'>();
    for (const one of has('show') ? since('show') : []) {
      if (one.what === 'approve' || one.what === 'reject') counting.set(one.who, one.what);
      if (one.what === 'take_back' || one.what === 'lapse') counting.delete(one.who);
    }
    return counting;
  }
  const isApproved = () =>
    isShown() && [...votes().values()].filter((vote) => vote === 'approve').length >= needed;
  const isAsked = () => isShown() && !isApproved() && stop() === undefined && !isClosed();
  const isRead = () => !isShown() && stop() === undefined && !isClosed();
  const isAlive = () => isApproved() && stop() === undefined && !isClosed();
  const isPaused = () => has('pause') && !has('resume', since('pause'));

  /** Attempts in their order; each begun, perhaps marked as sent, perhaps answered. */
  function attempts() {
    const all: { isSent: boolean; answer: string | null }[] = [];
    for (const one of happened) {
      const last = all.at(-1);
      if (one.what === 'begin') all.push({ isSent: false, answer: null });
      if (one.what === 'mark' && last) last.isSent = true;
      if (one.what === 'answer' && last) last.answer = last.isSent ? one.how : 'not sent';
    }
    return all;
  }
  const isOpen = () => attempts().some(({ answer }) => answer === null);
  const isSent = () => attempts().some(({ isSent }) => isSent);
  const succeeded = () => attempts().some(({ answer }) => answer === 'succeeded');
  const called = () => attempts().some(({ isSent, answer }) => isSent && answer !== null);

  /** As long as it is approved: where its call stands, by the last thing that moved it. */
  function execution(): 'not_started' | 'scheduled' | 'running' | 'paused' {
    if (!isApproved()) return 'not_started';
    if (isPaused()) return 'paused';
    // What was before this approval is over.
    const moved = since('show', 'lapse', 'hold', 'resume');
    return moved.some(({ what }) => what === 'begin') ? 'running' : 'scheduled';
  }

  function decisionStatus(): DecisionStatus {
    const by = stop();
    const before = isApproved() ? 'approved' : 'pending';
    switch (by) {
      case undefined:
        return isClosed() && before === 'pending' ? 'withdrawn' : before;
      case 'reject':
        return 'rejected';
      case 'expire':
        return 'expired';
      case 'refuse':
        return 'refused';
      case 'withdraw':
        return 'withdrawn';
      case 'revoke':
        return isStoppedAfterCall() && before === 'approved' ? 'approved' : 'refused';
      default:
        return (isStoppedAfterCall() || by === 'abandon') && before === 'approved' ? 'approved' : 'withdrawn';
    }
  }
  /** Whether a call may have been made when it was stopped. */
  function isStoppedAfterCall(): boolean {
    const at = happened.findIndex(({ what }) => stops.includes(what));
    return happened.slice(0, at).some(({ what }) => what === 'mark');
  }

  function executionStatus(): ExecutionStatus {
    if (!isClosed()) return execution();
    if (succeeded()) return 'succeeded';
    if (called()) return 'failed';
    return execution() === 'not_started' ? 'not_started' : 'cancelled';
  }

  function wasApproved(): boolean {
    return happened.some(({ what }, i) => {
      if (what !== 'approve') return false;
      const before = naiveChange(needed, breakGlass);
      before.happened.push(...happened.slice(0, i + 1));
      return before.isApproved();
    });
  }

  function reviewStatus(): ReviewStatus {
    if (!breakGlass || !wasApproved()) return 'none';
    if (isClosed() && !succeeded() && !called()) return 'none';
    return has('review') ? 'signed' : 'owed';
  }

  /** Whether it happens; null: it has happened before in just this way, and nothing comes of it. */
  function allows(one: Try): boolean | null {
    const isOver = isClosed() || stop() !== undefined;
    switch (one.what) {
      case 'approve':
      case 'reject': {
        const own = votes().get(one.who);
        if (own === one.what && !has('drift', since('show'))) return null;
        return may(one.who, 'approver') && one.who !== 'alice' && isAsked() && own === undefined;
      }
      case 'take_back':
        return may(one.who, 'approver') && isAsked() && votes().has(one.who);
      case 'withdraw':
        return (one.who === 'alice' || may(one.who, 'operator')) && !isOver && !isSent();
      case 'pause':
        return may(one.who, 'operator') && isAlive() && !isPaused();
      case 'resume':
        return may(one.who, 'operator') && isAlive() && isPaused();
      case 'retry':
        return may(one.who, 'operator') && isAlive() && execution() === 'running';
      case 'abandon':
        return may(one.who, 'operator') && !isOver && (isApproved() || isSent());
      case 'revoke':
        return may(one.who, 'admin') && !isOver;
      case 'cancel':
        return isOver ? null : true;
      case 'show':
      case 'refuse':
        return isRead() ? true : null;
      case 'expire':
        return isRead() || isAsked() ? true : null;
      case 'drift':
        return isAlive() && !isOpen() ? true : null;
      case 'hold':
        return isAlive() && !isOpen() && !isPaused() ? true : null;
      case 'lapse':
        return isAlive() && !isOpen() && !isSent() && votes().has(one.who) ? true : null;
      case 'begin':
        return isAlive() && !isOpen() && !isPaused() && !succeeded();
      case 'mark':
        return isAlive() && isOpen() && !isPaused() && attempts().at(-1)?.isSent === false ? true : null;
      case 'answer':
        return isOpen() ? true : null;
      case 'close':
        return !isClosed() && !isOpen();
      case 'review': {
        const isReviewer = ['approver', 'auditor', 'operator'].some((role) => may(one.who, role));
        const decided = happened.some(
          (d) => ['approve', 'reject'].includes(d.what) && 'who' in d && d.who === one.who,
        );
        if (!isReviewer || one.who === 'alice' || decided) return false;
        const signed = happened.find(({ what }) => what === 'review');
        if (signed && 'who' in signed) return signed.who === one.who ? null : false;
        return isClosed() && reviewStatus() === 'owed';
      }
    }
  }

  return {
    happened,
    isApproved,
    allows,
    isOpen,
    isSent,
    seen: (): Seen => ({
      decisionStatus: decisionStatus(),
      executionStatus: executionStatus(),
      reviewStatus: reviewStatus(),
      round: count('show'),
      votes: Object.fromEntries(votes()),
      started: count('begin'),
      isOpen: isOpen(),
      called: called(),
      succeeded: succeeded(),
      reviewer: happened.flatMap((one) => (one.what === 'review' ? [one.who] : []))[0] ?? null,
      isClosed: isClosed(),
    }),
  };
}
