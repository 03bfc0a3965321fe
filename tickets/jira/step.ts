import type { TicketPhase } from '../../domain/ticket-read.ts';
import type { JiraStatus, JiraTransition } from './answers.ts';
import { isOneOf, phaseOfStatus } from './issue.ts';
import type { JiraSettings } from './settings.ts';

/** A transition to take, with the resolution to set on its screen; null: none. */
export interface Step {
  readonly id: string;
  readonly resolution: string | null;
}

type Names = Pick<JiraSettings, 'cancelledNames' | 'holdNames' | 'via' | 'resolutions'>;

interface Candidate extends Step {
  readonly status: JiraStatus;
  readonly phase: TicketPhase;
}

/**
 * Which transition leads an issue towards a phase: straight there, otherwise to a category between, otherwise to the next of
 * `via`. Ids and names of transitions differ from workflow to workflow, so only where they lead counts. A workflow without a
 * cancelled status ends at done.
 *
 * @param transitions - those that are open to the account now
 */
export function stepTo(
  wanted: TicketPhase,
  at: { readonly status: JiraStatus; readonly resolution: string | null },
  transitions: readonly JiraTransition[],
  successful: boolean,
  names: Names,
): Step | 'there' | 'stuck' {
  const phase = phaseOfStatus(at.status, at.resolution, names);
  if (phase === wanted) return 'there';
  const resolution = resolutionsFor(wanted, successful, names.resolutions);
  const open = transitions
    .flatMap((transition) => candidateOf(transition, resolution, names))
    .filter(({ status }) => status.id !== at.status.id && !isOneOf(names.holdNames, status.name));
  const direct = open.find((one) => one.phase === wanted);
  if (direct !== undefined) return stepOf(direct);
  if (wanted === 'cancelled') {
    if (phase === 'done') return 'there';
    const done = open.find((one) => one.phase === 'done');
    if (done !== undefined) return stepOf(done);
  }
  const from = rank(at.status, phase, names);
  const to = rankOf[wanted];
  const nearer = open
    .map((one) => ({ one, place: rank(one.status, one.phase, names) }))
    .filter(({ place }) => (to > from ? place > from && place < to : place < from))
    .sort((a, b) => Math.abs(to - a.place) - Math.abs(to - b.place));
  if (nearer[0] !== undefined) return stepOf(nearer[0].one);
  const passed = names.via.findIndex((name) => isOneOf([name], at.status.name));
  const next = open
    .map((one) => ({ one, place: names.via.findIndex((name) => isOneOf([name], one.status.name)) }))
    .filter(({ one, place }) => place > passed && one.phase === phase)
    .sort((a, b) => a.place - b.place);
  return next[0] === undefined ? 'stuck' : stepOf(next[0].one);
}

const rankOf: Readonly<Record<TicketPhase, number>> = { new: 0, in_progress: 1, done: 2, cancelled: 2 };

/** How far a status is; one on hold is behind its own category. */
function rank({ name }: JiraStatus, phase: TicketPhase, { holdNames }: Names): number {
  return isOneOf(holdNames, name) ? 0.5 : rankOf[phase];
}

function resolutionsFor(
  wanted: TicketPhase,
  successful: boolean,
  resolutions: Names['resolutions'],
): readonly string[] {
  if (wanted === 'cancelled') return resolutions.cancelled;
  return successful ? resolutions.successful : resolutions.unsuccessful;
}

/** A transition that can be taken; none where its screen asks for something that nobody here can fill in. */
function candidateOf(
  { id, to, fields = {} }: JiraTransition,
  wanted: readonly string[],
  names: Names,
): readonly Candidate[] {
  const { resolution: field, ...others } = fields;
  if (Object.values(others).some(({ required, hasDefaultValue }) => required && hasDefaultValue !== true))
    return [];
  const allowed = (field?.allowedValues ?? []).flatMap(({ name }) => (name === undefined ? [] : [name]));
  const named = wanted.flatMap((name) => allowed.filter((one) => isOneOf([name], one)));
  const resolution = to.statusCategory.key === 'done' ? (named[0] ?? null) : null;
  if (field?.required === true && field.hasDefaultValue !== true && resolution === null) return [];
  return [{ id, resolution, status: to, phase: phaseOfStatus(to, resolution, names) }];
}

function stepOf({ id, resolution }: Step): Step {
  return { id, resolution };
}
