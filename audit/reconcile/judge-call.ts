import { isoTime } from '../../domain/time.ts';
import type { DifferenceKind } from './differences.ts';
import type { LoggedAttempt } from './logged-attempts.ts';
import { changeOfSession, isNamed } from './trail-event.ts';
import type { TrailEvent } from './trail-event.ts';

/** A gated operation, as the trail tells of its calls. */
export interface GatedCall {
  readonly operation: string;
  readonly serviceName: string;
  readonly eventName: string;
  /** The id of the target that a call's parameters name, or null where they name none. */
  readonly targetOf: (called: Pick<TrailEvent, 'parameters' | 'region'>) => string | null;
}

/** What calls are looked for, and who may make them. */
export interface Expected {
  readonly calls: readonly GatedCall[];
  /** The user, role or access key that the worker's calls are made with, by name or id; none: whichever. */
  readonly principals: readonly string[];
}

/** How far an event may lie from its attempt before it is told, ms: the verifier's tolerance for clocks. */
const tolerance = 5 * 60_000;

/** What does not fit between a call and the attempt that it is taken for: kinds, each with a sentence. */
export function judgeCall(
  event: TrailEvent,
  attempt: LoggedAttempt,
  { calls, principals }: Expected,
): [DifferenceKind, string][] {
  const { operation, target, from, to, changeId, outcome } = attempt;
  const call = calls.find((one) => one.operation === operation && one.eventName === event.eventName);
  const called = call?.targetOf(event) ?? null;
  const session = changeOfSession(event.principal);
  const told = event.errorCode === null ? 'succeeded' : 'failed';
  const until = to === null ? 'now' : isoTime(to);
  const rules: [boolean, DifferenceKind, string][] = [
    [call === undefined, 'other_operation', `the log says that it was a call of ${operation}`],
    [
      called !== null && called !== target,
      'other_target',
      `it was a call for ${called ?? ''}, the log says for ${target}`,
    ],
    [call !== undefined && called === null, 'no_target', 'its parameters name no target'],
    [
      session !== null && session !== changeId,
      'other_change',
      `its session is that of change ${session ?? ''}`,
    ],
    [
      principals.length > 0 && !isNamed(event.principal, principals),
      'other_principal',
      'it was made by none of the principals that you named',
    ],
    [
      event.time < from - tolerance || event.time > (to ?? Infinity) + tolerance,
      'other_time',
      `the log says from ${isoTime(from)} to ${until}`,
    ],
    [
      (outcome === 'succeeded' || outcome === 'failed') && outcome !== told,
      'other_outcome',
      `the trail says ${event.errorCode ?? 'success'}, the log says ${outcome}`,
    ],
  ];
  return rules.flatMap(([breaks, kind, message]) => (breaks ? [[kind, message]] : []));
}
