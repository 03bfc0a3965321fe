import { ApplicationFailure, CancellationScope, condition } from '@temporalio/workflow';
import type { Change, SignedRequest } from '../domain/change.ts';
import type { JsonObject } from '../domain/json.ts';
import { personActor } from '../domain/entry.ts';
import type { EntryDraft, EventType } from '../domain/entry.ts';
import { CountersignError } from '../domain/error.ts';
import type { SignedStatement, Statement } from '../domain/statement.ts';
import type { Run } from './run.ts';

/** From here on the request is among those that everything waits for; they take their effects one after another. */
export function inTurn<T>(run: Run, work: () => Promise<T>): Promise<T> {
  // A request that has come is answered, even where the workflow is cancelled meanwhile.
  return CancellationScope.nonCancellable(() => turn(run, work));
}

async function turn<T>(run: Run, work: () => Promise<T>): Promise<T> {
  run.recording += 1;
  try {
    while (run.busy) await condition(() => !run.busy);
    run.busy = true;
    try {
      return await work();
    } finally {
      run.busy = false;
    }
  } finally {
    run.recording -= 1;
  }
}

/** Takes the effect at once and makes it durable; a statement that the API did not sign is taken back. */
export async function take(
  run: Run,
  after: Change,
  request: SignedRequest,
  entries: () => EntryDraft[],
): Promise<void> {
  const before = run.change;
  const approvals = [...run.approvals];
  run.change = after;
  try {
    await run.record(entries(), [request.signed]);
  } catch (error) {
    run.change = { ...before, version: run.change.version + 1 };
    run.approvals = approvals;
    throw error;
  }
}

/** The entry of what somebody said: who, what, from where, and the API's signature over it. */
export function requestEntry(
  run: Run,
  after: Change,
  type: EventType,
  request: SignedRequest,
  members: JsonObject = {},
): EntryDraft {
  const { statement } = request.signed;
  return run.entry(after, type, personActor(statement.person), {
    comment: statement.comment,
    ...signedMembers(request.signed),
    source: request.source,
    ...members,
  });
}

/** A statement and its signature, as members of an entry. */
export function signedMembers({ statement, keyId, signature }: SignedStatement): JsonObject {
  return { statement: statement as unknown as JsonObject, signature: { keyId, value: signature } };
}

/** A rule's refusal as the failure that crosses the boundary; only its type survives that. */
export function judged<T>(
  run: Run,
  request: SignedRequest,
  kind: Statement['kind'],
  rule: (s: Statement) => T,
): T {
  const { statement } = request.signed;
  try {
    if (statement.kind !== kind || statement.changeId !== run.change.id) {
      throw new CountersignError('invalid_request', `not a ${kind} of this change`);
    }
    return rule(statement);
  } catch (error) {
    if (error instanceof CountersignError) throw ApplicationFailure.nonRetryable(error.message, error.code);
    throw error;
  }
}
