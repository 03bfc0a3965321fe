import { CancellationScope, condition, isCancellation, upsertSearchAttributes } from '@temporalio/workflow';
import type { LogActivities, NumberedEvent, PrecheckResult } from '../activities/contract.ts';
import type { Change } from '../domain/change.ts';
import type { ChangeEvent, ChangeEventType } from '../domain/change-event.ts';
import { decide } from '../domain/decide.ts';
import type { Command } from '../domain/decide.ts';
import { CountersignError } from '../domain/error.ts';
import { evolve } from '../domain/evolve.ts';
import type { KeyedHost } from '../domain/host.ts';
import type { JsonObject } from '../domain/json.ts';
import { phaseOf } from '../domain/lifecycle.ts';
import type { Phase } from '../domain/lifecycle.ts';
import { failureOf } from './failure.ts';
import { statusAttributes } from './messages.ts';
import { makeRequestQueue } from './request-queue.ts';
import { isFull } from './run-limits.ts';
import { makeTimer } from './timer.ts';

/** What one workflow run holds: the change as it is now, and the ways to move it durably. */
export interface ChangeContext {
  /** What its events have made of it, as far as this workflow knows: events of attempts are the store's alone. */
  readonly change: Change;
  readonly phase: Phase;
  /** Whether a call may have been made: a worker was asked for one, and has not said since that none was. */
  mayHaveCalled: boolean;
  /** Whether a worker is asked for a call just now. */
  isCalling: boolean;
  /** Whether its end is being written: what is asked for meanwhile is refused. */
  readonly isClosing: boolean;
  /** How far the asking for decisions of this round has come. */
  asking: Asking;
  /** What was read of the target in the step that opened it, until it is taken; null: nothing. */
  read: PrecheckResult | null;
  /** What its call has answered; null while it has not, and where its operation describes no output. */
  output: JsonObject | null;
  /** The host whose later runs follow the change: the run that asked for it has ended. Null: it has not. */
  handedOver: KeyedHost | null;
  /** The host that has started this workflow itself; null where a gate stands between, or nobody waits. */
  parentHost: KeyedHost | null;
  /** The host whose end nobody tells; null where Temporal cancels this workflow then. */
  unbound: KeyedHost | null;
  /**
   * Gives a command to the state machine. Its events are durable, and the change is what they make of it, when this returns.
   *
   * @param now - milliseconds since the epoch: when it came; default: when its turn has come
   * @returns why it was refused, or null
   * @throws ApplicationFailure where a command that nobody has said is refused: the machine has a defect, and the workflow fails
   */
  apply(command: Command, now?: number): Promise<CountersignError | null>;
  /** As {@link apply}, for what depends on the attempts: it is decided in Postgres, while no attempt begins or ends. */
  applyInStore(
    command: Extract<Command, { kind: 'request' | 'cancel' }>,
    now: number,
  ): Promise<CountersignError | null>;
  /** The last command: it also releases the target. */
  close(command: Extract<Command, { kind: 'close' }>, write: CloseChange): Promise<void>;
  /** Whether it is being asked if a cancellation ends the change. */
  isCancelling: boolean;
  /** Whether nothing is waiting or being recorded. */
  isIdle(): boolean;
  /** Whether this run is near its limits, and the next should begin. */
  isFull(): boolean;
  /** Counts an accepted update. */
  countUpdate(): void;
  /** What the next run needs. */
  carried(): Carried;
  /** Moves the change by an event that an activity has written. */
  take(event: ChangeEvent): void;
  /** The place of the change's next event of a type, from 1: with it a repeated delivery is the same entry. */
  nextOrdinal(type: ChangeEventType): number;
  /**
   * Waits until something holds and nothing is being recorded, or until a moment has passed (ISO 8601). Where that is not
   * at once, the statuses are shown.
   *
   * @param isOpen - whether an activity is open meanwhile; where none is, the wait also ends when this run is full
   */
  waitUntil(holds: () => boolean, moment: string | null, isOpen?: boolean): Promise<void>;
  /** Work that is cancelled as soon as something holds or a moment has passed; undefined when it was. */
  unless<T>(
    isInterrupted: () => boolean,
    moment: string | null,
    work: () => Promise<T>,
  ): Promise<T | undefined>;
}

/** How far the asking for the decisions of a round has come. */
export interface Asking {
  /** ISO 8601: what reminders and the escalation count from. */
  readonly since: string;
  /** How many of its reminders and escalations are entries. */
  readonly told: number;
}

/** An asking that begins. @param since - ISO 8601 */
export function newAsking(since: string): Asking {
  return { since, told: 0 };
}

/** What one run tells the next of what it holds. */
export type Carried = Pick<ChangeContext, 'change' | 'mayHaveCalled' | 'asking' | 'handedOver'> & {
  /** Absent: null. */
  readonly unbound?: KeyedHost | null;
  readonly ordinals: Readonly<Record<string, number>>;
  readonly shown: string;
};

/** Writes the last events of a change; answers how it was closed before, where it was. */
export type CloseChange = (events: readonly NumberedEvent[]) => Promise<ChangeEvent | null>;

/**
 * @param before - what the run before has told; null in the first
 * @param timerFor - the run's one timer
 */
export function makeChangeContext(
  first: Change,
  log: Pick<LogActivities, 'record' | 'applyInStore'>,
  before: Carried | null = null,
  timerFor = makeTimer(),
): ChangeContext {
  let change = first;
  let updates = 0;
  let isClosing = false;
  let shown = before?.shown ?? 'pending/not_started';
  const queue = makeRequestQueue();
  const ordinals = new Map<string, number>(Object.entries(before?.ordinals ?? {}));
  const { id: changeId } = first;

  function move(events: readonly ChangeEvent[]): void {
    change = events.reduce(evolve, change);
  }

  function numbered(events: readonly ChangeEvent[]): NumberedEvent[] {
    return events.map((event) => ({ ordinal: context.nextOrdinal(event.type), event }));
  }

  /** Puts the statuses into the search attributes, where they have changed. */
  function showStatus(): void {
    const { decisionStatus } = change;
    const isRunning = context.isCalling && context.phase === 'scheduled';
    const executionStatus = isRunning ? 'running' : change.executionStatus;
    const now = `${decisionStatus}/${executionStatus}`;
    if (now === shown) return;
    shown = now;
    upsertSearchAttributes(statusAttributes({ decisionStatus, executionStatus }));
  }

  const context: ChangeContext = {
    get change() {
      return change;
    },
    get phase() {
      return phaseOf(change);
    },
    mayHaveCalled: before?.mayHaveCalled ?? false,
    isCancelling: false,
    isCalling: false,
    get isClosing() {
      return isClosing;
    },
    asking: before?.asking ?? newAsking(first.submittedAt),
    read: null,
    output: null,
    handedOver: before?.handedOver ?? null,
    parentHost: null,
    unbound: before?.unbound ?? null,
    apply: (command, now) =>
      queue.run(async () => {
        const verdict = decide(change, command, { now: now ?? Date.now() });
        if ('refusal' in verdict) {
          // Nobody hears the refusal of the workflow's own command: it would give the same one again and again.
          if (command.kind !== 'request') throw failureOf(verdict.refusal);
          return verdict.refusal;
        }
        const { events } = verdict;
        if (events.length > 0) await log.record({ changeId, events: numbered(events) });
        move(events);
        return null;
      }),
    applyInStore: (command, now) =>
      queue.run(async () => {
        const verdict = decide(change, command, { now, called: context.mayHaveCalled });
        if ('events' in verdict && verdict.events.length === 0) return null;
        // Which events it makes, the store says: each type has its next place.
        const next = Object.fromEntries(eventsInStore.map((type) => [type, (ordinals.get(type) ?? 0) + 1]));
        const applied = await log.applyInStore({ changeId, command, now, ordinals: next });
        if ('refusal' in applied) return new CountersignError(applied.refusal.code, applied.refusal.message);
        for (const { type } of applied.events) context.nextOrdinal(type);
        move(applied.events);
        return null;
      }),
    close(command, write) {
      isClosing = true;
      return queue.run(async () => {
        const verdict = decide(change, command, { now: Date.now() });
        if ('refusal' in verdict) throw failureOf(verdict.refusal);
        const { events } = verdict;
        const before = await write(numbered(events));
        move(before === null ? events : [before]);
        showStatus();
      });
    },
    isIdle: () => queue.isIdle() && !context.isCancelling,
    isFull: () => isFull(updates),
    countUpdate() {
      updates += 1;
    },
    carried: () => ({
      change,
      ordinals: Object.fromEntries(ordinals),
      mayHaveCalled: context.mayHaveCalled,
      asking: context.asking,
      handedOver: context.handedOver,
      unbound: context.unbound,
      shown,
    }),
    take: (event) => move([event]),
    nextOrdinal(type) {
      const ordinal = (ordinals.get(type) ?? 0) + 1;
      ordinals.set(type, ordinal);
      return ordinal;
    },
    async waitUntil(holds, moment, isOpen = false) {
      const isSettled = () => queue.isIdle() && holds();
      if (isSettled()) return;
      showStatus();
      const timer = moment === null ? null : timerFor(moment);
      // What was accepted before the moment counts, even if writing it took longer.
      const isOver = () => timer?.passed === true || (!isOpen && context.isFull());
      await condition(() => isSettled() || (isOver() && queue.isIdle()));
    },
    async unless(isInterrupted, moment, work) {
      const scope = new CancellationScope();
      let isDone = false as boolean;
      const running = scope.run(work).finally(() => {
        isDone = true;
      });
      // Its rejection is awaited below; until then it must not count as unhandled.
      running.catch(() => undefined);
      await context.waitUntil(() => isDone || isInterrupted(), moment, true);
      if (!isDone) scope.cancel();
      try {
        return await running;
      } catch (error) {
        if (isCancellation(error)) return undefined;
        throw error;
      }
    },
  };
  return context;
}

/** The events that a command makes which is decided in Postgres. */
const eventsInStore = [
  'change.withdrawn',
  'change.refused',
  'change.abandoned',
  'change.paused',
  'change.resumed',
  'change.retried',
  'change.scheduled',
] as const satisfies readonly ChangeEventType[];
