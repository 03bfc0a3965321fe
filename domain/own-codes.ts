import { notSent } from './attempt.ts';

/** The code of a change that ended because its workflow did. */
export const workflowEnded = 'workflow_ended';

/** The code of a change whose call has succeeded. */
export const succeededCode = 'succeeded';

/**
 * Codes by which the log and its verifier know what has happened. A driver that could choose them freely would make one
 * thing look like another.
 */
export const ownCodes: readonly string[] = [notSent, succeededCode, workflowEnded];

/** Whether a code is one of {@link ownCodes}. */
export function isOwnCode(code: string): boolean {
  return ownCodes.includes(code);
}
