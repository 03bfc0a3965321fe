import {
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  condition,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { LogActivities } from '../activities/contract.ts';
import type { Change, ChangeRequest, HostRequest } from '../domain/change.ts';
import type { JsonObject } from '../domain/json.ts';
import { newChange, next, withNobody, withRound } from '../domain/change-state.ts';
import { personActor, workerActor } from '../domain/entry.ts';
import type { EntryDraft } from '../domain/entry.ts';
import { longestMs } from '../domain/duration.ts';
import { hostMembers } from '../domain/host.ts';
import type { Host } from '../domain/host.ts';
import { isoTime } from '../domain/time.ts';
import { handleCancellation } from './cancellation.ts';
import { close } from './closing.ts';
import { awaitDecisions, lapse, roundSince } from './decision-time.ts';
import { afterCalls, endOfDecision, settled, whyStopped } from './ending.ts';
import { execute } from './execution.ts';
import type { Executed } from './execution.ts';
import { recordOptions } from './record-options.ts';
import { handleRequests } from './request-handlers.ts';
import { hosted } from './hosted.ts';
import { firstAttributes, stateQuery, submittedUpdate } from './messages.ts';
import { scheduledByRule } from './scheduling.ts';
import { signedMembers } from './turn.ts';
import { handOver, tell } from './notice.ts';
import { makeRun } from './run.ts';
import type { Ended, Run } from './run.ts';
import { precheck } from './precheck.ts';
import { understood } from './understood.ts';

// Ordinary ones: their input is in the history before they run, so whatever is killed, a repeat carries the same bytes.
const log = proxyActivities<Pick<LogActivities, 'recordChange'>>(recordOptions);
// A local one saves a round trip; everything in its entry was fixed by the request, its time too.
const { openChange } = proxyLocalActivities<Pick<LogActivities, 'openChange'>>(recordOptions);

/**
 * One change request from its submission to its one final outcome. Answers the change at its end; fails, with nothing
 * written, when another change holds the target or the key.
 *
 * @throws ApplicationFailure whose type is a code: `invalid_request`, `region_not_served`, `bad_signature`,
 * `open_change_exists`, `key_reused`, `review_owed`, `policy_revoked`, `policy_out_of_step`, `integrity_conflict`; of a host's request also `host_not_allowed`, `token_needed`,
 * `no_policy`, `policy_unsatisfiable`, `invalid_configuration`
 * @throws CancelledFailure when it is cancelled before anything is written
 */
export async function change(asked: ChangeRequest | HostRequest): Promise<Change> {
  const root = CancellationScope.current();
  // A cancellation is a word like others, which takes its turn: nothing that is being written is torn by it.
  return CancellationScope.nonCancellable(() => live(root, asked));
}

async function live(root: CancellationScope, asked: ChangeRequest | HostRequest): Promise<Change> {
  const { request, host } = isSigned(asked) ? { request: asked, host: null } : await hosted(asked);
  if (root.consideredCancelled) throw new CancelledFailure('cancelled before the change was opened');
  const run = understood('change request', () => makeRun(newChange(request), request, log));
  setHandler(stateQuery, () => run.change);
  const opening = open(run, request, host);
  setHandler(submittedUpdate, () => opening);
  handleRequests(run);
  const { changeId, known } = await settleHandlers(opening);
  if (known) throw failure('key_reused', `the key belongs to change ${changeId}`, changeId);
  // The API starts a change with them. A host's would be tried for ever where its namespace does not have them.
  if (host) upsertSearchAttributes(firstAttributes(run.change));
  handleCancellation(run, root, host);

  const end = await afterCalls(run, await untilEnd(run));
  // A decision that was accepted is recorded before the change closes.
  await condition(() => run.recording === 0);
  run.change = await close(run, end);
  run.showStatus();
  tell(run, 'closed');
  await handOver(run);
  await condition(allHandlersFinished);
  return run.change;
}

/** Whether it says that the API has signed it; whether it has, is asked where it is opened. */
function isSigned(asked: ChangeRequest | HostRequest | null | undefined): asked is ChangeRequest {
  return asked?.submission != null;
}

async function open(
  run: Run,
  request: ChangeRequest,
  host: Host | null,
): Promise<{ changeId: string; known: boolean }> {
  if (workflowInfo().workflowId !== `change-${request.id}`) {
    throw failure('invalid_request', `${request.id} is another change than this workflow's`, request.id);
  }
  // Without this limit the approval time could overflow a Date.
  const longest = Math.min(request.policy.executeWithinMs, longestMs);
  if (!(request.executeWithinMs >= 0 && request.executeWithinMs <= longest)) {
    throw failure('invalid_request', 'executeWithinMs: expected at most what the policy says', request.id);
  }
  const requested = understood('change request', () => requestedEntry(run, request, host));
  const opened = await openChange({
    request,
    change: run.change,
    entries: [requested],
    idempotency: request.idempotency,
    submission: request.submission,
    host,
    startedAt: isoTime(workflowInfo().startTime.getTime()),
  });
  if (opened.kind === 'refused') throw failure(opened.code, opened.message, request.id);
  if (opened.kind === 'invalid') {
    throw failure(opened.code ?? 'invalid_request', opened.message, request.id);
  }
  if (opened.kind === 'policy_revoked') {
    throw failure('policy_revoked', 'the policy was revoked', request.id);
  }
  if (opened.kind === 'review_owed') {
    throw failure(
      'review_owed',
      `change ${opened.changeId} has broken the glass before, and its review is not signed yet`,
      opened.changeId,
    );
  }
  if (opened.kind === 'target_taken') {
    throw failure('open_change_exists', `change ${opened.changeId} is open on this target`, opened.changeId);
  }
  if (opened.kind === 'key_reused') {
    throw failure(
      'key_reused',
      `the key belongs to change ${opened.changeId}, with another body`,
      opened.changeId,
    );
  }
  run.notifies = opened.notifies ?? false;
  return { changeId: opened.changeId, known: opened.kind === 'known' };
}

/** What was asked for, all of it: whoever has the log can make the digest anew. */
function requestedEntry(run: Run, request: ChangeRequest, host: Host | null): EntryDraft {
  const { operationVersion, inputSchemaDigest } = request;
  const { input, target, justification, breakGlass, submittedAt, decideBy, executeAfter } = request;
  const { executeBy, executeWithinMs, idempotency, source, submission } = request;
  return run.entry(
    run.change,
    'change.requested',
    personActor(request.requester),
    {
      operationVersion,
      inputSchemaDigest,
      input,
      scope: { ...target.scope },
      label: target.label,
      justification,
      breakGlass,
      // Whole, so that whoever has the log can tell whether it was satisfied.
      pinnedPolicy: run.change.policy as unknown as JsonObject,
      submittedAt,
      decideBy,
      executeAfter,
      executeBy,
      executeWithinMs,
      idempotencyKey: idempotency?.key ?? null,
      source,
      ...(submission ? signedMembers(submission) : {}),
      ...(host ? { host: hostMembers(host) } : {}),
    },
    submittedAt,
  );
}

/** Rounds of approval and execution until the change has an end. */
async function untilEnd(run: Run): Promise<Ended> {
  for (;;) {
    const checked = await precheck(run);
    if (checked.kind === 'ended') return checked.end;
    run.change = withRound(run.change, checked.snapshot, checked.digest);
    run.approvals = [];
    await scheduleWithNobody(run);
    const executed = await decideAndExecute(run);
    if (executed.kind === 'ended') return executed.end;
    await run.record([run.entry(run.change, 'change.drifted', workerActor, { message: executed.message })]);
  }
}

/** One round's decisions and its execution; approvers who have left meanwhile are replaced on the same digest. */
async function decideAndExecute(run: Run): Promise<Exclude<Executed, { kind: 'lapsed' }>> {
  for (let since = roundSince(run.change); ; since = isoTime(Date.now())) {
    await awaitDecisions(run, since);
    if (run.change.decisionStatus === 'pending') return { kind: 'ended', end: expired(run) };
    if (run.change.decisionStatus !== 'approved') return { kind: 'ended', end: endOfDecision(run) };
    tell(run, run.change.breakGlass ? 'break_glass' : 'decided');
    if (run.standing === 'paused' && run.change.executionStatus !== 'paused') {
      // Said before people had to be asked again: it still holds.
      run.change = next(run.change, { executionStatus: 'paused' });
      await run.record([]);
    }
    const executed = await execute(run);
    const why = whyStopped(run);
    if (executed.kind !== 'ended' && why) return { kind: 'ended', end: await settled(run, why) };
    if (executed.kind !== 'lapsed') return executed;
    await lapse(run, executed.reevaluation);
  }
}

/** A standard change, or a broken glass that asks nobody, is approved by its policy. */
async function scheduleWithNobody(run: Run): Promise<void> {
  const approved = withNobody(run.change, run.executeWithinMs, Date.now());
  if (approved === null) return;
  run.change = approved;
  await run.record(scheduledByRule(run, approved));
}

function expired(run: Run): Ended {
  return {
    decisionStatus: 'expired',
    outcome: { code: 'decide_by_passed', message: `nobody decided before ${run.change.decideBy}` },
    tells: [{ type: 'change.expired', members: { decideBy: run.change.decideBy } }],
  };
}

/** A failed opening must reach the waiting update before the run fails. */
async function settleHandlers<T>(opening: Promise<T>): Promise<T> {
  try {
    return await opening;
  } catch (error) {
    await condition(allHandlersFinished);
    throw error;
  }
}

function failure(code: string, message: string, changeId: string): ApplicationFailure {
  return ApplicationFailure.create({ type: code, message, nonRetryable: true, details: [{ changeId }] });
}
