import { CancellationScope, condition, isCancellation, upsertSearchAttributes } from '@temporalio/workflow';
import type { LogActivities, NoticeInput } from '../activities/contract.ts';
import type { Change, ChangeRequest, Outcome } from '../domain/change.ts';
import { changedDecisions } from '../domain/decisions.ts';
import type { JsonObject } from '../domain/json.ts';
import type { EntryDraft, EventType } from '../domain/entry.ts';
import type { SignedStatement } from '../domain/statement.ts';
import type { DecisionStatus, ExecutionStatus } from '../domain/status.ts';
import type { Standing } from '../domain/stop.ts';
import { makeEntryWriter } from './entry-writer.ts';
import { statusAttributes } from './messages.ts';
import { makeTimer } from './timer.ts';

/** How a change ends, and the entries that tell of it beside `change.closed`. */
export interface Ended {
  readonly decisionStatus?: DecisionStatus;
  readonly executionStatus?: ExecutionStatus;
  readonly outcome: Pick<Outcome, 'code' | 'message'> & Partial<Pick<Outcome, 'requestId' | 'reconciled'>>;
  readonly tells?: readonly { readonly type: EventType; readonly members: JsonObject }[];
}

/** What one workflow run holds: the change as it is now, and the ways to change it durably. */
export interface Run {
  change: Change;
  readonly executeWithinMs: number;
  /** The API's word for who asked. */
  readonly submission: SignedStatement | null;
  /** The approvals of this round, as the API signed them. */
  approvals: SignedStatement[];
  /** Accepted requests whose entries are not durable yet: nothing is decided while there are any. */
  recording: number;
  /** Whether one of them has its turn: each sees what the one before it has done, or taken back. */
  busy: boolean;
  /** True from the first moment in which a call may have been made; whether one was, the attempts say. */
  callStarted: boolean;
  /** What the words said so far make of the change. */
  standing: Standing;
  /** Whether an operator wants the next attempt at once. */
  retryAsked: boolean;
  /** Whether people are told of the change; said by the worker that opened it. */
  notifies: boolean;
  /** Notices that are on their way. */
  readonly untold: Set<NoticeInput>;
  readonly entry: ReturnType<typeof makeEntryWriter>;
  /** Writes entries and the change as it is now. */
  record(entries: readonly EntryDraft[], statements?: readonly SignedStatement[]): Promise<void>;
  /**
   * Waits until something holds and nothing is being recorded, or until a moment has passed (ISO 8601). Where that is not
   * at once, the statuses are shown.
   */
  waitUntil(holds: () => boolean, moment: string | null): Promise<void>;
  /** Work that is cancelled as soon as something holds or a moment has passed; undefined when it was. */
  unless<T>(
    interrupted: () => boolean,
    moment: string | null,
    work: () => Promise<T>,
  ): Promise<T | undefined>;
  /** Puts the statuses into the search attributes, where they have changed. */
  showStatus(): void;
}

export function makeRun(
  change: Change,
  request: Pick<ChangeRequest, 'executeWithinMs' | 'submission'>,
  log: Pick<LogActivities, 'recordChange'>,
): Run {
  let shown = 'pending/not_started';
  /** The decisions as they were recorded last; null where that is not known. */
  let recorded: Change['decisions'] | null = change.decisions;
  const timerFor = makeTimer();
  const run: Run = {
    change,
    executeWithinMs: request.executeWithinMs,
    submission: request.submission,
    approvals: [],
    recording: 0,
    busy: false,
    callStarted: false,
    standing: 'going',
    retryAsked: false,
    notifies: false,
    untold: new Set(),
    entry: makeEntryWriter(),
    async record(entries, statements = []) {
      const { decisions, complete } = changedDecisions(recorded, run.change.decisions);
      const all = run.change.decisions;
      try {
        await log.recordChange({ change: { ...run.change, decisions }, complete, entries, statements });
        recorded = all;
      } catch (error) {
        recorded = null;
        throw error;
      }
    },
    async waitUntil(holds, moment) {
      const settled = () => run.recording === 0 && holds();
      if (settled()) return;
      run.showStatus();
      const timer = moment === null ? null : timerFor(moment);
      // What was accepted before the moment counts, even if writing it took longer.
      await condition(() => settled() || (timer?.passed === true && run.recording === 0));
    },
    async unless(interrupted, moment, work) {
      const scope = new CancellationScope();
      let done = false as boolean;
      const running = scope.run(work).finally(() => {
        done = true;
      });
      // Its rejection is awaited below; until then it must not count as unhandled.
      running.catch(() => undefined);
      await run.waitUntil(() => done || interrupted(), moment);
      if (!done) scope.cancel();
      try {
        return await running;
      } catch (error) {
        if (isCancellation(error)) return undefined;
        throw error;
      }
    },
    showStatus() {
      const { decisionStatus, executionStatus } = run.change;
      const now = `${decisionStatus}/${executionStatus}`;
      if (now === shown) return;
      shown = now;
      upsertSearchAttributes(statusAttributes(run.change));
    },
  };
  return run;
}
