import type { Row } from './instance.ts';
import type { Settings } from './settings.ts';

/** States of a change request and what people see. */
export const stateLabels: Readonly<Record<string, string>> = {
  '-5': 'New',
  '-4': 'Assess',
  '-3': 'Authorize',
  '-2': 'Scheduled',
  '-1': 'Implement',
  '0': 'Review',
  '3': 'Closed',
  '4': 'Canceled',
};

const closed = '3';
const canceled = '4';
const ways: Readonly<Record<string, readonly string[]>> = {
  normal: ['-5', '-4', '-3', '-2', '-1', '0', closed],
  emergency: ['-5', '-3', '-2', '-1', '0', closed],
  standard: ['-5', '-2', '-1', '0', closed],
};
const closeCodes = ['successful', 'successful_issues', 'unsuccessful'];

/** A state that could come next. `isOpen`: its conditions are met. */
export interface Step {
  readonly to: string;
  readonly isOpen: boolean;
}

/** The steps from a change's state: one forward, and Canceled before Review; on hold only that. */
export function stepsOf(row: Row, settings: Settings): Step[] {
  const { state = '', type = '', on_hold: onHold, approval } = row;
  const way = ways[type] ?? [];
  const place = way.indexOf(state);
  const next = place < 0 ? undefined : way[place + 1];
  const isApproved = !settings.needsApproval || type === 'standard' || approval === 'approved';
  const forward = next === undefined ? [] : [{ to: next, isOpen: state !== '-3' || isApproved }];
  const isBeforeReview = place >= 0 && place < way.indexOf('0');
  const cancel = isBeforeReview ? [{ to: canceled, isOpen: true }] : [];
  return onHold === 'true' ? cancel : [...forward, ...cancel];
}

/** Whether business rules let a change become what is asked. */
export function isAllowed(before: Row, after: Row, settings: Settings): boolean {
  const to = after['state'] ?? '';
  if (to === before['state']) return true;
  if (!stepsOf(before, settings).some((step) => step.to === to && step.isOpen)) return false;
  return (
    to !== closed || (closeCodes.includes(after['close_code'] ?? '') && (after['close_notes'] ?? '') !== '')
  );
}

/** The answer of `nextstates`. */
export function nextStates(row: Row, settings: Settings) {
  const { state = '' } = row;
  const steps = stepsOf(row, settings).filter(({ isOpen }) => isOpen || settings.hasModels);
  const values = [...steps.map(({ to }) => to), state];
  return {
    available_states: values,
    state_transitions: settings.hasModels
      ? steps.map(({ to, isOpen }) => [
          {
            sys_id: to.padStart(32, '0').replace('-', 'a'),
            display_value: `${stateLabels[state] ?? state} to ${stateLabels[to] ?? to}`,
            from_state: state,
            to_state: to,
            transition_available: isOpen,
            automatic_transition: false,
            conditions: [{ passed: isOpen, condition: { name: 'Ready', description: null, sys_id: '' } }],
          },
        ])
      : [],
    state_label: Object.fromEntries(values.map((value) => [value, stateLabels[value] ?? value])),
  };
}

/** Whether a change is over. */
export function isOver(state: string): boolean {
  return state === closed || state === canceled;
}
