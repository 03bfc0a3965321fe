import type { NumberedEvent } from '../activities/contract.ts';
import type { KeptChanges } from '../activities/kept-changes.ts';
import { signedIn } from '../domain/change-event.ts';
import type { ChangeEvent, Requested } from '../domain/change-event.ts';
import type { Attempt, Change } from '../domain/change.ts';
import { CountersignError } from '../domain/error.ts';
import { evolve } from '../domain/evolve.ts';
import { mayHappen, phaseOf } from '../domain/lifecycle.ts';
import type { SignedStatement } from '../domain/statement.ts';

/** A change with what is kept beside it: what Postgres has in a service. */
export interface KeptChange {
  change: Change;
  /** What has happened to it, in order: its entries in the log. */
  readonly events: ChangeEvent[];
  readonly attempts: Attempt[];
  /** The run of its workflow that has opened it. */
  readonly runId: string;
  /** The keys of events that are written: type and place. */
  readonly written: Set<string>;
  /** Why the step that its workflow tries again and again has failed last; null: none has, or it went on. */
  heldBy: string | null;
}

/** Changes in memory, moved by the same table of transitions as those in Postgres. */
export interface ChangesInMemory extends KeptChanges {
  readonly all: ReadonlyMap<string, KeptChange>;
  /** @throws CountersignError `integrity_conflict` where there is none */
  get(id: string): KeptChange;
  /** The open change on a target, or null. */
  holder(targetId: string): string | null;
  /** @param runId - of the run of its workflow that opens it */
  begin(change: Change, requested: NumberedEvent, runId: string): void;
  /** The event that has opened a change, where that run of its workflow has; null: it has not. */
  openedBy(id: string, runId: string): Requested | null;
  /** Moves a change. @throws CountersignError `change_closed`, `integrity_conflict` where the events cannot follow */
  move(kept: KeptChange, events: readonly NumberedEvent[]): void;
  isWritten(kept: KeptChange, first: NumberedEvent | undefined): boolean;
  /** The approvals of a change that stand, as they were signed. */
  approvals(kept: KeptChange): readonly SignedStatement[];
}

/** The place of an event among those of its type: with it a repeated delivery is the same event. */
function placeOf({ ordinal, event }: NumberedEvent): string {
  return `${event.type}/${ordinal}`;
}

/** None yet. */
export function changesInMemory(): ChangesInMemory {
  const all = new Map<string, KeptChange>();
  const find = (id: string) => all.get(id) ?? null;
  return {
    all,
    get(id) {
      const kept = find(id);
      if (kept === null) throw new CountersignError('integrity_conflict', `there is no change ${id}`);
      return kept;
    },
    holder: (targetId) =>
      [...all.values()].find(({ change }) => change.closedAt === null && change.target.id === targetId)
        ?.change.id ?? null,
    begin(change, requested, runId) {
      const { event } = requested;
      const written = new Set([placeOf(requested)]);
      all.set(change.id, { change, events: [event], attempts: [], runId, written, heldBy: null });
    },
    openedBy(id, runId) {
      const kept = find(id);
      const [first] = kept?.events ?? [];
      return kept?.runId === runId && first?.type === 'change.requested' ? first : null;
    },
    move(kept, events) {
      for (const numbered of events) {
        const { event } = numbered;
        const phase = phaseOf(kept.change);
        if (!mayHappen(event.type, phase)) {
          const code = phase === 'closed' ? 'change_closed' : 'integrity_conflict';
          throw new CountersignError(
            code,
            `${event.type} cannot follow while change ${kept.change.id} is ${phase}`,
          );
        }
        kept.change = evolve(kept.change, event);
        kept.events.push(event);
        kept.written.add(placeOf(numbered));
      }
    },
    isWritten: (kept, first) => first !== undefined && kept.written.has(placeOf(first)),
    approvals: ({ change, events }) =>
      events.flatMap((event) => {
        if (event.type !== 'decision.approved') return [];
        const signed = signedIn(event);
        const isTakenBack = !change.decisions.some(({ at, counts }) => counts && at === event.time);
        return signed === null || isTakenBack ? [] : [signed];
      }),
    change: (id) => Promise.resolve(find(id)?.change ?? null),
    requestedKey: (id) => {
      const [first] = find(id)?.events ?? [];
      return Promise.resolve(first?.type === 'change.requested' ? first.idempotency : null);
    },
    output: (id) => {
      const last = find(id)?.events.findLast(({ type }) => type === 'attempt.succeeded');
      return Promise.resolve(last?.type === 'attempt.succeeded' ? (last.output ?? null) : null);
    },
  };
}
