import { allHandlersFinished, condition, continueAsNew } from '@temporalio/workflow';
import type { ChangeEnd, ChangeRequest, HostRequest } from '../domain/change.ts';
import type { KeyedHost } from '../domain/host.ts';
import type { Carried, ChangeContext } from './change-context.ts';
import type { SubmittedResult } from './messages.ts';

/**
 * What one run of a change hands to the next: everything that is not in the change's entries or that they would have to be
 * read for. The third kind of argument that the change workflow takes.
 */
export interface Continuation extends Carried {
  readonly continued: true;
  readonly host: KeyedHost | null;
  /** The answer to the update `submitted`. */
  readonly submitted: SubmittedResult;
  /** Where people find the change, as its host is told. */
  readonly url: string | null;
  /** In which encoding its host is answered; null where there is none. */
  readonly answerIn?: string | null;
}

/** Whether a run of the change has told it. */
export function isContinuation(
  asked: ChangeRequest | HostRequest | Continuation | null | undefined,
): asked is Continuation {
  return typeof asked === 'object' && asked !== null && 'continued' in asked;
}

/**
 * Ends this run and begins the next with the same id: handles, updates and keys find it. Nothing is open then: requests are
 * answered first.
 */
export async function goOnAsNew({
  context,
  ...kept
}: Omit<Continuation, 'continued' | keyof Carried> & { readonly context: ChangeContext }): Promise<never> {
  await condition(() => context.isIdle() && allHandlersFinished());
  const carried: Continuation = { continued: true, ...context.carried(), ...kept };
  return await continueAsNew<(carried: Continuation) => Promise<ChangeEnd>>(carried);
}
