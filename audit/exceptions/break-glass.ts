import type { EntryBody } from '../../domain/entry.ts';
import { isUncalledEnd } from '../../domain/status.ts';
import type { Exception } from './exception.ts';
import { whoOf } from './exceptions-of-entry.ts';

interface Broken {
  readonly asked: Exception;
  readonly state: string;
  readonly isOwed: boolean;
  /** Whether an entry of it was among those that are reported. */
  readonly isReported: boolean;
}

/** Changes that ran before all had approved, with what came of their reviews. */
export function followBreakGlass() {
  const changes = new Map<string, Broken>();
  return {
    add(index: number, body: EntryBody, isReported: boolean): void {
      const { type, time, changeId } = body;
      if (changeId === null) return;
      if (type === 'change.requested' && body.breakGlass === true) {
        const message = `asked for by ${whoOf(body) ?? 'nobody'}`;
        const asked: Exception = { kind: 'break_glass', time, changeId, index, message };
        changes.set(changeId, { asked, state: 'it has not ended', isOwed: false, isReported });
        return;
      }
      const before = changes.get(changeId);
      if (before === undefined || type.startsWith('audit.')) return;
      changes.set(changeId, { ...before, ...reviewOf(body), isReported: isReported || before.isReported });
    },
    /** In the order in which they were asked for. */
    end: (): Exception[] =>
      [...changes.values()]
        .filter(({ isOwed, isReported }) => isReported || isOwed)
        .map(({ asked, state }) => ({ ...asked, message: `${asked.message}; ${state}` })),
  };
}

/** As `evolve` has it: a review is owed from when the call may be made, and by no change that made none. */
function reviewOf(body: EntryBody): Pick<Broken, 'state' | 'isOwed'> | null {
  switch (body.type) {
    case 'change.scheduled':
      return { state: 'its review is owed', isOwed: true };
    case 'change.closed':
      return isUncalledEnd(body.executionStatus) ? { state: 'it ended without a call', isOwed: false } : null;
    case 'review.signed':
      return { state: `reviewed by ${whoOf(body) ?? 'nobody'} at ${body.time}`, isOwed: false };
    default:
      return null;
  }
}
