import { ActivityFailure, ApplicationFailure, setHandler } from '@temporalio/workflow';
import type { Change, SignedRequest } from '../domain/change.ts';
import { next } from '../domain/change-state.ts';
import type { EventType } from '../domain/entry.ts';
import { CountersignError } from '../domain/error.ts';
import { judgeWord, standingOnceHeard, wordOf } from '../domain/stop.ts';
import { isSignedStatement } from '../domain/statement.ts';
import type { Standing, Word } from '../domain/stop.ts';
import { executionUpdate, revokeUpdate, stopSignal, takeOverUpdate, withdrawUpdate } from './messages.ts';
import type { Run } from './run.ts';
import { inTurn, judged, requestEntry, take } from './turn.ts';

/**
 * Words that stop a change, and words that have it go on. Those that the API has written down are never refused here but for what
 * is final: while they were on their way, no call could begin.
 */
export function handleWords(run: Run): void {
  const updates = {
    withdrawal: withdrawUpdate,
    takeover: takeOverUpdate,
    revocation: revokeUpdate,
    execution: executionUpdate,
  } as const;
  for (const [kind, update] of Object.entries(updates)) {
    setHandler(update, (request: SignedRequest) => hear(run, request), {
      validator: (request: SignedRequest) => {
        if (!isWord(request) || request.signed.statement.kind !== kind) {
          throw ApplicationFailure.nonRetryable(`not a ${kind}`, 'invalid_request');
        }
        if (!isHeard(run, request)) standingWith(run, request);
      },
    });
  }
  setHandler(stopSignal, (request: SignedRequest) => hearIfItFits(run, request));
}

/** A word that nobody waits for: what it cannot do is left, and so is what is no word. */
export async function hearIfItFits(run: Run, request: SignedRequest): Promise<void> {
  if (!isWord(request)) return;
  try {
    await hear(run, request);
  } catch (error) {
    // Refused here, or by the activity that was to record it: nobody's word ends the workflow by that.
    if (!(error instanceof ApplicationFailure || error instanceof ActivityFailure)) throw error;
  }
}

/** Whether it has the shape of one: whoever may signal may send anything, and readers count by the ordinal. */
function isWord(request: SignedRequest | undefined): boolean {
  const { signed, ordinal = 1 } = (request ?? {}) as Partial<SignedRequest>;
  return isSignedStatement(signed) && Number.isInteger(ordinal) && ordinal > 0 && ordinal <= mostWords;
}

/** More words than a run can hear. */
const mostWords = 1_000_000;

async function hear(run: Run, request: SignedRequest): Promise<void> {
  await inTurn(run, async () => {
    if (isHeard(run, request)) return;
    const before = run.standing;
    const { standing, word } = standingWith(run, request);
    const { ordinal = run.change.stopWords } = request;
    const after = next(run.change, { ...statusesAfter(run, word), stopWords: ordinal });
    const { type, members } = toldAs(run, word);
    run.standing = standing;
    try {
      await take(run, after, request, () => [requestEntry(run, after, type, request, members)]);
    } catch (error) {
      run.standing = before;
      throw error;
    }
    if (word === 'retry') run.retryAsked = true;
  });
}

/** Delivered before: by an update and by a signal, or by an API that did not know of it. */
function isHeard({ change }: Run, { ordinal }: SignedRequest): boolean {
  return ordinal !== undefined && ordinal <= change.stopWords;
}

function standingWith(
  run: Run,
  request: SignedRequest,
): { readonly standing: Standing; readonly word: Word } {
  const { change, standing, callStarted: called } = run;
  return judged(run, request, request.signed.statement.kind, (statement) => {
    const word = wordOf(statement);
    if (word === null)
      throw new CountersignError('invalid_request', `${statement.action} is no word to stop`);
    // Whoever wrote it down asked the rule, while nothing could begin.
    const after =
      request.ordinal === undefined
        ? judgeWord({ change, standing, called }, word, statement.person)
        : standingOnceHeard(change, standing, word);
    return { standing: after, word };
  });
}

function statusesAfter({ change, callStarted }: Run, word: Word): Partial<Change> {
  const approved = change.decisionStatus === 'approved';
  switch (word) {
    case 'withdraw':
    case 'take_over':
      return { decisionStatus: 'withdrawn' };
    case 'revoke':
      // A call that may have started is not made again, and what the target shows decides.
      return callStarted && approved ? {} : { decisionStatus: 'refused' };
    case 'abandon':
      // In a round that nobody has decided: nobody is asked any more.
      return change.decisionStatus === 'pending' ? { decisionStatus: 'withdrawn' } : {};
    case 'pause':
      return approved ? { executionStatus: 'paused' } : {};
    case 'resume':
      return change.executionStatus === 'paused' ? { executionStatus: 'scheduled' } : {};
    case 'retry':
      return {};
  }
}

function toldAs({ callStarted }: Run, word: Word): { type: EventType; members: { code?: string } } {
  switch (word) {
    case 'withdraw':
      return { type: 'change.withdrawn', members: {} };
    case 'take_over':
      return { type: 'change.withdrawn', members: { code: 'taken_over' } };
    case 'revoke':
      return {
        type: callStarted ? 'change.abandoned' : 'change.refused',
        members: { code: 'policy_revoked' },
      };
    case 'pause':
      return { type: 'change.paused', members: {} };
    case 'resume':
      return { type: 'change.resumed', members: {} };
    case 'retry':
      return { type: 'change.retried', members: {} };
    case 'abandon':
      return { type: 'change.abandoned', members: {} };
  }
}
