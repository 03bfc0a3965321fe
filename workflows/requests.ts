import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  condition,
  setHandler,
} from '@temporalio/workflow';
import type { SignedRequest } from '../domain/change.ts';
import { decide } from '../domain/decide.ts';
import { CountersignError } from '../domain/error.ts';
import { isSignedStatement } from '../domain/statement.ts';
import { wordOf } from '../domain/stop.ts';
import type { ChangeContext } from './change-context.ts';
import { failureOf } from './failure.ts';
import { requestUpdate, stopSignal } from './messages.ts';

/** Places of words beyond this are none: no change takes so many, and whoever may signal may send anything. */
const mostWords = 1_000_000;

/**
 * What people say of a change, by the API: decisions, and words that stop it or have it go on. A validator asks the rule,
 * in workflow time; the handler answers when the entry is durable.
 */
export function handleRequests(context: ChangeContext): void {
  const handle = (request: SignedRequest) => {
    context.countUpdate();
    return heard(context, request, Date.now());
  };
  setHandler(requestUpdate, handle, {
    validator: (request: SignedRequest) => {
      assertRequest(request);
      const refusal = refusalNow(context, request);
      if (refusal) throw failureOf(refusal);
    },
  });
  setHandler(stopSignal, (request: SignedRequest) => hearIfItFits(context, request));
}

/**
 * As {@link handleRequests}, while a change is being opened: whoever has seen it in Postgres may be earlier than the answer to
 * this run, and waits for that. Without a handler Temporal would refuse them.
 *
 * @param opening - fails where there is no change
 */
export function holdRequests(opening: Promise<ChangeContext>): void {
  // Where nobody waits, nobody hears of it here.
  opening.catch(() => undefined);
  const handle = async (request: SignedRequest) => {
    const now = Date.now();
    const context = await opening;
    context.countUpdate();
    const refusal = refusalNow(context, request);
    if (refusal) throw failureOf(refusal);
    await heard(context, request, now);
  };
  setHandler(requestUpdate, handle, { validator: assertRequest });
}

/** A word that nobody waits for: what it cannot do is left, and so is what is no word. */
export async function hearIfItFits(context: ChangeContext, request: SignedRequest): Promise<void> {
  if (!isRequest(request) || !isWord(request)) return;
  try {
    await heard(context, request, Date.now());
  } catch (error) {
    // Refused here, or by the activity that was to record it: nobody's word ends the workflow by that.
    if (!(error instanceof ApplicationFailure || error instanceof ActivityFailure)) throw error;
  }
}

/** `now`: when it came, in workflow time, ms. A decision that came before decide-by counts, however long its turn took. */
async function heard(context: ChangeContext, request: SignedRequest, now: number): Promise<void> {
  const command = { kind: 'request', request } as const;
  if (isWord(request)) {
    const refusal = await context.applyInStore(command, now);
    if (refusal) throw failureOf(refusal);
    return;
  }
  // An approver may see the digest in Postgres a moment before the workflow hears that the target was read. A run that ends
  // reads nothing any more, and waits for those who wait here.
  const isDecidable = () => context.phase !== 'reading' || context.isFull();
  await CancellationScope.nonCancellable(() => condition(isDecidable));
  const refusal = await context.apply(command, now);
  if (refusal) throw failureOf(refusal);
}

function refusalNow(
  { change, phase, isClosing }: ChangeContext,
  request: SignedRequest,
): CountersignError | null {
  if (isClosing) return new CountersignError('change_closed', 'the change has ended');
  // What a word finds, Postgres knows.
  if (isWord(request)) return null;
  const { digest } = request.signed.statement;
  const asRead = phase === 'reading' && digest !== null ? { ...change, digest } : change;
  const verdict = decide(asRead, { kind: 'request', request }, { now: Date.now() });
  return 'refusal' in verdict ? verdict.refusal : null;
}

function isWord({ signed }: SignedRequest): boolean {
  return wordOf(signed.statement) !== null;
}

/** Whether it has the shape of one. */
function isRequest(request: SignedRequest | null | undefined): boolean {
  const { signed, ordinal = 1 } = (request ?? {}) as Partial<SignedRequest>;
  return isSignedStatement(signed) && Number.isInteger(ordinal) && ordinal > 0 && ordinal <= mostWords;
}

function assertRequest(request: SignedRequest): void {
  if (isRequest(request)) return;
  throw ApplicationFailure.nonRetryable('not a request of a person', 'invalid_request');
}
