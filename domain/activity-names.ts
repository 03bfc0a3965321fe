/** Countersign's own activities, beside the gated call of each operation, which has the operation's name. */
export const activityNames = [
  'acceptGate',
  'acceptHost',
  'followHost',
  'hostGoesOn',
  'changeEnd',
  'openChange',
  'openHosted',
  'record',
  'applyInStore',
  'gate',
  'closeChange',
  'signReview',
  'precheck',
  'settle',
] as const;

/** Temporal's name of the activity that takes every type that a worker does not have. */
const takesTheRest = 'default';

/** Why an operation cannot have a name, or null when it can: a worker would have two activities of one name. */
export function operationNameFault(name: string): string | null {
  if (name === takesTheRest) return `${name} is a word of Temporal`;
  return activityNames.some((one) => one === name) ? `${name} is one of Countersign’s own activities` : null;
}
