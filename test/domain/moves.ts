import type { Change, Decision } from '../../domain/change.ts';
import type { ChangeEvent } from '../../domain/change-event.ts';
import { decide } from '../../domain/decide.ts';
import type { Command } from '../../domain/decide.ts';
import type { End } from '../../domain/end.ts';
import { personActor } from '../../domain/entry.ts';
import { evolve } from '../../domain/evolve.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { Person } from '../../domain/person.ts';
import type { Reevaluation } from '../../domain/reevaluation.ts';
import { isoTime } from '../../domain/time.ts';

/** The change after a command. @throws what it is refused with */
export function moved(change: Change, command: Command, now: number): Change {
  const verdict = decide(change, command, { now });
  if ('refusal' in verdict) throw verdict.refusal;
  return verdict.events.reduce(evolve, change);
}

/** The change once its target was read, in a new round. */
export function withRound(change: Change, snapshot: JsonObject | null, digest: string): Change {
  const asked = { ...change, digest: null };
  return moved(asked, { kind: 'show', snapshot, digest, readRequestId: null, warning: null }, 0);
}

/** The change with one more decision, whether or not its author might make it. */
export function withDecision(
  change: Change,
  { decision, person, digest, comment, at, directory, round }: Decision,
): Change {
  const event = said(person, at, {
    type: decision === 'approve' ? 'decision.approved' : 'decision.rejected',
    statement: { person, digest, comment, at, ...(directory ? { directory } : {}) },
    round,
  });
  return moved(evolve(change, event), { kind: 'approve_by_rule' }, Date.parse(at));
}

/** The change once somebody has taken back their decision, whether or not they might. */
export function withoutDecision(change: Change, person: Person, now: number): Change {
  const event = said(person, isoTime(now), { type: 'decision.withdrawn', statement: { person } });
  return moved(evolve(change, event), { kind: 'approve_by_rule' }, now);
}

export function withEscalation(change: Change, now: number): Change {
  return moved(change, { kind: 'escalate' }, now);
}

export function withLapsed(change: Change, reevaluation: Reevaluation, now: number): Change {
  return moved(change, { kind: 'lapse', reevaluation }, now);
}

/** The change as its policy approves it without any person; unmoved where it needs one. */
export function withNobody(change: Change, now: number): Change {
  return moved(change, { kind: 'approve_by_rule' }, now);
}

/** The change at its end. */
export function closed(change: Change, end: End, now: number): Change {
  return moved(change, { kind: 'close', end }, now);
}

/** The change as it is, and otherwise as told, some entries later. */
export function next(change: Change, changed: Partial<Change>): Change {
  return { ...change, ...changed, version: change.version + 1 };
}

function said(person: Person, time: string, event: object): ChangeEvent {
  return { time, actor: personActor(person), ...event } as ChangeEvent;
}
