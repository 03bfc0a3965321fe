import type { TicketPhase } from '../../domain/ticket-read.ts';
import { RemoteError } from '../remote-error.ts';
import type { ConfiguredState } from './settings.ts';

/**
 * What a state comes to.
 * @throws RemoteError `refused` for a state that the settings do not name: no guess is made about one
 */
export function phaseOf(state: string, states: readonly ConfiguredState[]): TicketPhase {
  const found = states.find(({ state: value }) => value === state);
  if (found !== undefined) return found.phase;
  throw new RemoteError(
    'refused',
    `ServiceNow has a state that the settings do not name: ${shownState(state)}`,
  );
}

function shownState(state: string): string {
  return /^[A-Za-z0-9_.-]{1,40}$/.test(state) ? state : 'one that is no plain name';
}

/** A state that may come next, as `nextstates` has it. `isOpen`: its conditions are met, or it has none. */
export interface NextState {
  readonly state: string;
  readonly isOpen: boolean;
}

/**
 * The one step that leads towards a phase: for `cancelled` a state of that phase, otherwise the nearest one forward that is not
 * beyond the phase. Nothing is ever moved back, and what is over stays over.
 *
 * @param from - the state now
 * @param next - the states that may come next; `from` and unknown ones among them are passed over
 * @param states - in the order in which a change goes through them
 * @returns `there`, `stuck`, or the state to ask for
 */
export function stepFor(
  phase: TicketPhase,
  { from, next, states }: { from: string; next: readonly NextState[]; states: readonly ConfiguredState[] },
): 'there' | 'stuck' | { readonly to: string; readonly closes: boolean } {
  const now = phaseOf(from, states);
  if (now === phase) return 'there';
  if (now === 'done' || now === 'cancelled' || phase === 'new') return 'stuck';
  const place = states.findIndex(({ state }) => state === from);
  const may = new Set(next.filter(({ isOpen }) => isOpen).map(({ state }) => state));
  const step = states.find(({ state, phase: then }, i) => {
    if (!may.has(state) || state === from) return false;
    if (phase === 'cancelled') return then === 'cancelled';
    return i > place && then !== 'cancelled' && (then !== 'done' || phase === 'done');
  });
  return step === undefined ? 'stuck' : { to: step.state, closes: step.phase === 'done' };
}

/**
 * What `nextstates` answered. A state is open when its conditions are met in one of its ways, or when no conditions are told.
 * @throws RemoteError `unreachable` when it is no such answer
 */
export function nextStatesIn(answer: Readonly<Record<string, unknown>> | undefined): NextState[] {
  const { available_states: available, state_transitions: transitions } = answer ?? {};
  if (!Array.isArray(available))
    throw new RemoteError('unreachable', 'ServiceNow answered with no next states');
  const ways: unknown[] = Array.isArray(transitions) ? transitions.flat() : [];
  return available.map((value: unknown) => {
    const state = typeof value === 'number' ? String(value) : typeof value === 'string' ? value : '';
    const its = ways.filter((way) => String((way as { to_state?: unknown } | null)?.to_state) === state);
    const isOpen =
      its.length === 0 ||
      its.some((way) => (way as { transition_available?: unknown }).transition_available === true);
    return { state, isOpen };
  });
}
