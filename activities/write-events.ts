import { activityInfo } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { PoolClient } from 'pg';
import { appendEntries } from '../audit/append.ts';
import { findEntry } from '../audit/find-entry.ts';
import { listEvents } from '../audit/list-events.ts';
import { workflowIdOf } from '../domain/change.ts';
import type { Change } from '../domain/change.ts';
import { entryBodyOf, signedIn } from '../domain/change-event.ts';
import type { ChangeEvent, Said } from '../domain/change-event.ts';
import { entryKey } from '../domain/entry.ts';
import type { EntryDraft, EventType } from '../domain/entry.ts';
import { CountersignError } from '../domain/error.ts';
import { evolve } from '../domain/evolve.ts';
import { fold } from '../domain/fold.ts';
import { mayHappen, phaseOf } from '../domain/lifecycle.ts';
import type { SignedStatement } from '../domain/statement.ts';
import { differenceIn } from '../domain/stored-change.ts';
import { lockChange } from '../store/lock-change.ts';
import { saveChange } from '../store/save-change.ts';
import type { NumberedEvent } from './contract.ts';
import { sha256 } from './digest.ts';
import { missingChange } from './missing-change.ts';

/** Who writes an event, as its entry names them. */
export interface Writer {
  readonly namespace: string;
  readonly workflowId: string;
  readonly runId?: string;
  /** As what Temporal says that the workflow ended, where it did not write the event itself. */
  readonly status?: string;
}

/** The workflow whose activity this is. */
export function currentWorkflow(): Writer & { readonly runId: string } {
  const { namespace, workflowExecution } = activityInfo();
  const { workflowId = '', runId = '' } = workflowExecution ?? {};
  return { namespace, workflowId, runId };
}

/**
 * The change's own workflow, whose activity this is.
 *
 * @throws ApplicationFailure `invalid_request` for any other: whoever may start workflows may have any activity run
 */
export function changeWorkflow(changeId: string): Writer {
  const writer = currentWorkflow();
  if (writer.workflowId === workflowIdOf(changeId)) return writer;
  const message = `workflow ${writer.workflowId} is not that of change ${changeId}`;
  throw ApplicationFailure.nonRetryable(message, 'invalid_request');
}

/** The key of an event's entry. @param ordinal - its place among the change's events of its type, from 1 */
export function keyOf(
  { namespace }: Pick<Writer, 'namespace'>,
  changeId: string,
  type: EventType,
  ordinal: number,
): string {
  return entryKey({ namespace, of: workflowIdOf(changeId), ordinal }, type);
}

/**
 * The change with its row locked until the transaction ends: whoever moves it, begins or ends an attempt waits. A row that
 * contradicts its own digests was edited: then it is what the log makes it, and the next write puts it back.
 *
 * @throws CountersignError `change_not_here` when the database has nothing of it, `integrity_conflict` when its row alone is missing
 */
export async function lockedChange(client: PoolClient, changeId: string): Promise<Change> {
  const kept = await lockChange(client, changeId);
  if (!kept) {
    const entries = (await listEvents(client, changeId)).length > 0;
    throw missingChange(changeId, { row: false, entries });
  }
  if (differenceIn(kept, sha256) === null) return kept;
  const change = fold(await listEvents(client, changeId))?.change;
  return change ? { ...change, version: Math.max(change.version, kept.version) } : kept;
}

/** Whether the events were written before: this is a repeated delivery, because the first answer was lost. */
export async function areWritten(
  client: PoolClient,
  writer: Writer,
  changeId: string,
  [first]: readonly NumberedEvent[],
): Promise<boolean> {
  if (first === undefined) return false;
  return (await findEntry(client, keyOf(writer, changeId, first.event.type, first.ordinal))) !== null;
}

/**
 * Appends the entries of events and keeps the change as they make it: the one place where a change is moved in Postgres.
 *
 * @param kept - the change, with its row locked
 * @returns the change after them
 * @throws CountersignError `change_closed` when it has ended, `integrity_conflict` when the events cannot follow what is kept
 */
export async function writeEvents(
  client: PoolClient,
  kept: Change,
  events: readonly NumberedEvent[],
  writer: Writer,
): Promise<Change> {
  const drafts: EntryDraft[] = [];
  let change = kept;
  for (const { event, ordinal } of events) {
    assertMayHappen(change, event);
    const key = keyOf(writer, kept.id, event.type, ordinal);
    drafts.push({ key, body: entryBodyOf(change, event, { ...writer }) });
    change = evolve(change, event);
  }
  await appendEntries(client, drafts);
  await keep(client, change);
  return change;
}

/** Keeps a change whose row is locked. @throws CountersignError `integrity_conflict` when another state came between */
export async function keep(client: PoolClient, change: Change): Promise<void> {
  if (await saveChange(client, change)) return;
  throw new CountersignError('integrity_conflict', `change ${change.id} was moved beside its lock`);
}

function assertMayHappen(change: Change, { type }: ChangeEvent): void {
  const phase = phaseOf(change);
  if (mayHappen(type, phase)) return;
  if (phase === 'closed') throw new CountersignError('change_closed', `change ${change.id} has ended`);
  throw new CountersignError(
    'integrity_conflict',
    `${type} cannot follow while change ${change.id} is ${phase}`,
  );
}

/**
 * The statements that events stand on are of this change, and the API's key has signed them.
 * @throws ApplicationFailure `bad_signature`
 */
export function assertSigned(
  changeId: string,
  statements: readonly (SignedStatement | null)[],
  verify: (signed: SignedStatement) => boolean,
): void {
  for (const signed of statements) {
    if (signed === null || (signed.statement.changeId === changeId && verify(signed))) continue;
    throw ApplicationFailure.nonRetryable(
      `a statement of change ${changeId} is not signed by a known key`,
      'bad_signature',
    );
  }
}

/** The statements that events rest on. */
export function statementsIn(events: readonly NumberedEvent[]): (SignedStatement | null)[] {
  return events.map(({ event }) => signedIn(event as Partial<Said>));
}
