import { activityInfo, cancellationSignal, CancelledFailure, heartbeat, sleep } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { canonicalJson } from '../domain/canonical-json.ts';
import { mayHaveBeenSent, notSent } from '../domain/attempt.ts';
import type { Attempt, Change } from '../domain/change.ts';
import type { JsonObject } from '../domain/json.ts';
import { faultOf } from '../operations/inputs.ts';
import { operationOf } from '../operations/registry.ts';
import type { Operation } from '../operations/operation.ts';
import type { ActiveCaCertificateInput } from '../operations/active-ca-certificate.ts';
import type { ReadAnswer, VendorFault } from '../onsmqtt/port.ts';
import { makeGate } from '../calendar/gate.ts';
import { findEntry } from '../audit/find-entry.ts';
import { listTakenBack } from '../audit/taken-back.ts';
import { reevaluate } from '../domain/reevaluation.ts';
import type { Prechecked } from '../domain/change-event.ts';
import { decide } from '../domain/decide.ts';
import type { Command } from '../domain/decide.ts';
import { isoTime } from '../domain/time.ts';
import { inTransaction } from '../store/in-transaction.ts';
import { countAttempts } from '../store/count-attempts.ts';
import { getChange } from '../store/get-change.ts';
import { listAttempts } from '../store/list-attempts.ts';
import { assertApproved, assertOpen } from './approval.ts';
import { assertPolicy } from './assert-policy.ts';
import { makeAttemptLog } from './attempt-log.ts';
import { makeBeginCall, stopOf } from './begin-call.ts';
import type { Blocked } from './begin-call.ts';
import type { ActivityRef, AttemptResult, StartedAttempt } from './attempt-log.ts';
import type { CallResult, FailedCall, VendorActivities } from './contract.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { digestOf } from './digest.ts';
import { asFailure } from './failure.ts';
import { readLoggedChange } from './logged-change.ts';
import { changeWorkflow, keyOf, lockedChange, writeEvents } from './write-events.ts';

/** Ms within which a call must have its key and its slot once everything was looked at. */
const sendWithinMs = 5000;
/** Ms after which what was seen before the sealing is seen again. */
const staleAfterMs = 1000;

/** The activities that talk to the vendor. Nothing here repeats a call: Temporal's retry policy does. */
export function makeVendorActivities(deps: ActivityDependencies): VendorActivities {
  const { pool, onsMqtt, sealing, groupsIn = () => [], now = Date.now, doubtfulLimit = 5 } = deps;
  const attempts = makeAttemptLog(deps);
  const gate = makeGate(pool, deps.calendar);
  const begin = makeBeginCall(deps);

  async function read(change: Change, wasCalled: boolean): Promise<ReadAnswer> {
    const answer = await onsMqtt.getCaCertificate(inputOf(change));
    if (answer.ok) return answer;
    // After a call, a read that is refused must not end the change: what the call did is then not known.
    if (wasCalled && answer.class !== 'throttled') throw failureOf({ ...answer, class: 'transient' }, false);
    throw failureOf(answer, answer.class === 'doubtful' && activityInfo().attempt >= doubtfulLimit);
  }

  /** What the change comes to when approvers have lost their right and a seat is empty; null when the seats are filled. */
  async function lapsedSince(change: Change): Promise<CallResult | null> {
    if (reevaluate(change, groupsIn).missing.length === 0) return null;
    // Who is new may have decided since the directory was read.
    await deps.readDirectoryAgain?.();
    const reevaluation = reevaluate(change, groupsIn);
    return reevaluation.missing.length === 0 ? null : { kind: 'lapsed', reevaluation };
  }

  /**
   * Everything that must hold before a call: null when it does, otherwise what the change comes to without one. What
   * people may say meanwhile is asked once more in the moment in which the call begins.
   */
  async function holds(change: Change, operation: Operation): Promise<CallResult | null> {
    assertOpen(await asFailure(() => getChange(pool, change.id)), now());
    const made = await listAttempts(pool, change.id);
    // Its answer was recorded and never came to the workflow: it is not made twice.
    const done = made.findLast(({ outcome }) => outcome === 'succeeded');
    if (done) return { kind: 'succeeded', requestId: done.requestId, reconciled: false };
    const stopped = await asFailure(() => stopOf(pool, change.id));
    if (stopped !== null) return stopped;
    const called = made.some(mayHaveBeenSent);
    // What has begun is seen through: whoever approved it could, then.
    if (!called) {
      const lapsed = await lapsedSince(change);
      if (lapsed !== null) return lapsed;
    }
    const closed = async (): Promise<CallResult | null> => {
      const why = await gate(change, now());
      return why && { kind: 'closed', why, called };
    };
    let certificate: ReadAnswer['certificate'];
    try {
      ({ certificate } = await read(change, called));
    } catch (error) {
      // A target that cannot be read does not keep a closed change trying.
      const instead = await closed();
      if (instead) return instead;
      throw error;
    }
    if (digestOf(change, certificate, change.round) === change.digest) {
      // As late as can be: what was declared until now holds this call back.
      return await closed();
    }
    if (called && certificate !== null && isOwnEffect(operation, change, certificate)) {
      return { kind: 'succeeded', requestId: null, reconciled: true };
    }
    const status = certificate?.status ?? 'not there';
    return { kind: 'drifted', message: `the target is not as it was approved: ${status}`, called };
  }

  /**
   * Waits until the attempt's first entry is sealed; when that took a while, everything is looked at once more. What
   * stops the call here is recorded as never sent, so the next try is another attempt.
   */
  async function sealed(
    change: Change,
    operation: Operation,
    ref: ActivityRef,
    { started, entry }: StartedAttempt,
  ): Promise<CallResult | null> {
    const since = performance.now();
    try {
      await asFailure(() => sealing.untilSealed(entry));
      await deps.at?.('sealed');
      await asFailure(() => attempts.assertCurrent(change, ref));
      if (performance.now() - since < staleAfterMs) return null;
      const instead = await holds(change, operation);
      if (instead !== null) await unsent(change, ref, started, 'the target changed before the call');
      return instead;
    } catch (error) {
      await unsent(change, ref, started, error instanceof Error ? error.message : String(error));
      throw error;
    }
  }

  /** The call itself; `blocked` where something has kept it from beginning, in the last moment. */
  async function make(
    change: Change,
    ref: ActivityRef,
    started: Attempt,
  ): Promise<{ answer: AttemptResult; blocked: Blocked | null }> {
    // What was seen must not be long ago when the call leaves, nor execute-by have passed.
    const notAfter = Math.min(Date.now() + sendWithinMs, Date.parse(change.executeBy ?? '') || Infinity);
    let blocked: Blocked | null = null;
    try {
      const sent = onsMqtt.activeCaCertificate(inputOf(change), change.id, {
        notAfter,
        async begin() {
          assertNotCancelled();
          blocked = await begin(change, started);
          await deps.at?.('marked');
          return blocked === null;
        },
      });
      await deps.at?.('call.sent');
      return { answer: await sent, blocked };
    } catch (error) {
      // It did not begin.
      await unsent(change, ref, started, error instanceof Error ? error.message : String(error));
      throw error;
    }
  }

  function unsent(change: Change, ref: ActivityRef, started: Attempt, message: string): Promise<void> {
    return untilRecorded(() => attempts.end(change, ref, started, unsentFault(message)));
  }

  return {
    async precheck({ changeId, ordinal }) {
      const writer = changeWorkflow(changeId);
      const { change } = await asFailure(() => readLoggedChange(pool, changeId));
      const operation = operationFor(change);
      assertTarget(change);
      assertPolicy(deps, change);
      const key = keyOf(writer, changeId, 'change.prechecked', ordinal);
      const written = (await asFailure(() => findEntry(pool, key))) as unknown as Prechecked | null;
      if (written) return { kind: 'read', event: written };
      const { certificate, requestId } = await asFailure(() => read(change, false));
      const refusal = operation.refusal(certificate, now());
      if (refusal && change.policy.precheck === 'required') {
        return { kind: 'refused', snapshot: certificate, ...refusal, requestId };
      }
      const command: Command = {
        kind: 'show',
        snapshot: certificate,
        digest: digestOf(change, certificate, change.round + 1),
        readRequestId: requestId,
        // Where the policy only wants it shown, what is against it goes with it.
        warning: refusal && { code: refusal.code, message: refusal.message },
      };
      const event = await asFailure(() =>
        inTransaction(pool, async (client) => {
          const kept = await lockedChange(client, changeId);
          const verdict = decide(kept, command, { now: now() });
          const [event] = 'events' in verdict ? verdict.events : [];
          if (event?.type !== 'change.prechecked') return null;
          await writeEvents(client, kept, [{ event, ordinal }], writer);
          return event;
        }),
      );
      await deps.at?.('prechecked');
      return event ? { kind: 'read', event } : { kind: 'overtaken' };
    },

    async ActiveCaCertificate({ changeId }) {
      const beating = keepBeating();
      try {
        const ref = activityRef();
        changeWorkflow(changeId);
        const { change, approvals } = await asFailure(() => readLoggedChange(pool, changeId));
        const operation = operationFor(change);
        assertTarget(change);
        assertPolicy(deps, change);
        const takenBack = await asFailure(() => listTakenBack(pool, change.id, approvals));
        const standing = approvals.filter((signed) => !takenBack.includes(signed));
        assertApproved(change, standing, deps.verifyStatement);
        await asFailure(() => attempts.endLost(change, ref));
        // A log that is known not to seal: no attempt is begun that would only be given up.
        await asFailure(() => sealing.ready());
        const instead = await holds(change, operation);
        if (instead !== null) return instead;
        assertNotCancelled();
        const begun = await asFailure(() => attempts.start(change, ref));
        const { started } = begun;
        await deps.at?.('attempt.started');
        const stopped = await sealed(change, operation, ref, begun);
        if (stopped !== null) return stopped;
        const { answer, blocked } = await make(change, ref, started);
        await deps.at?.('call.answered');
        // The answer exists nowhere else: it is offered to the log until it is there or this attempt's time is up.
        await untilRecorded(() => attempts.end(change, ref, started, answer));
        if (blocked !== null) return blocked;
        if (answer.ok) return { kind: 'succeeded', requestId: answer.requestId, reconciled: false };
        const exhausted =
          answer.class === 'doubtful' && (await countAttempts(pool, change.id, 'doubtful')) >= doubtfulLimit;
        throw failureOf(answer, exhausted);
      } finally {
        beating.stop();
      }
    },

    async settle({ changeId }) {
      const beating = keepBeating();
      try {
        changeWorkflow(changeId);
        const { change } = await asFailure(() => readLoggedChange(pool, changeId));
        await asFailure(() => attempts.endLost(change, activityRef()));
        const made = (await listAttempts(pool, change.id)).filter(mayHaveBeenSent);
        const operation = operationFor(change);
        let achieved: boolean | null = null;
        for (let tries = 0; made.length > 0 && achieved === null && tries < 3; tries += 1) {
          if (tries > 0) await sleep(1000 * tries);
          const answer = await onsMqtt.getCaCertificate(inputOf(change));
          if (answer.ok) {
            achieved = answer.certificate !== null && isOwnEffect(operation, change, answer.certificate);
          }
        }
        const last = made.findLast((a) => a.outcome !== 'succeeded');
        return {
          attempts: made.length,
          achieved,
          doubt: made.some((a) => a.outcome === 'unknown'),
          last: last
            ? { code: last.code ?? 'unknown', message: last.message ?? '', requestId: last.requestId }
            : null,
        };
      } finally {
        beating.stop();
      }
    },
  };
}

/** The workflow no longer waits for a call: it heard a word to stop, or execute-by has passed. */
function assertNotCancelled(): void {
  if (cancellationSignal().aborted) throw new CancelledFailure('the call was cancelled before it began');
}

/** The target is that of the input, by whichever way the change came: policies and freezes match the one, the other is called. */
function assertTarget(change: Change): void {
  const fault = faultOf(change);
  if (fault !== null) throw ApplicationFailure.nonRetryable(fault, 'invalid_request');
}

function operationFor(change: Change): Operation {
  const operation = operationOf(change.operation);
  if (!operation)
    throw ApplicationFailure.nonRetryable(`no operation ${change.operation}`, 'invalid_request');
  return operation;
}

function inputOf(change: Change): ActiveCaCertificateInput {
  return change.input as unknown as ActiveCaCertificateInput;
}

/** The target is as the operation leaves it and otherwise as approved: our own lost success, not drift. */
function isOwnEffect(operation: Operation, change: Change, certificate: JsonObject): boolean {
  if (change.snapshot === null || !operation.achieved(certificate)) return false;
  const [read, approved] = [certificate, change.snapshot].map((s) => canonicalJson(operation.identity(s)));
  return read === approved;
}

/** A fault as the failure that Temporal's retry policy acts on: its class is the type, its retry-after the next delay. */
function failureOf(fault: VendorFault, exhausted: boolean): ApplicationFailure {
  const { code, message, requestId, retryAfterMs } = fault;
  const final = fault.class === 'permanent' || exhausted;
  const detail: FailedCall = { code, message, requestId };
  return ApplicationFailure.create({
    type: final ? 'permanent' : fault.class,
    message: `${code}: ${message}`,
    nonRetryable: final,
    details: [detail],
    ...(retryAfterMs !== null && retryAfterMs > ownDelayMs() ? { nextRetryDelay: retryAfterMs } : {}),
  });
}

/** An attempt that ended before its request left. */
function unsentFault(message: string): VendorFault {
  return {
    ok: false,
    class: 'transient',
    code: notSent,
    message: message.slice(0, 512),
    httpStatus: null,
    requestId: null,
    retryAfterMs: null,
  };
}

/** What Temporal would wait by itself, ms: a retry-after may make it longer, never shorter. */
function ownDelayMs(): number {
  const { attempt, retryPolicy } = activityInfo() as {
    attempt: number;
    retryPolicy?: { initialInterval?: unknown; maximumInterval?: unknown; backoffCoefficient?: number };
  };
  const { initialInterval, maximumInterval, backoffCoefficient = 2 } = retryPolicy ?? {};
  const first = typeof initialInterval === 'number' ? initialInterval : 1000;
  const longest = typeof maximumInterval === 'number' ? maximumInterval : 100 * first;
  return Math.min(longest, first * backoffCoefficient ** (attempt - 1));
}

function activityRef(): ActivityRef {
  const { namespace, workflowExecution, activityId, attempt, currentAttemptScheduledTimestampMs } =
    activityInfo();
  const { workflowId = '', runId = '' } = workflowExecution ?? {};
  const scheduledAt = isoTime(currentAttemptScheduledTimestampMs);
  return { namespace, workflowId, runId, activityId, attempt, scheduledAt };
}

/**
 * Heartbeats every 3 s, so that a lost worker is noticed within the heartbeat time-out and a cancellation arrives. Not at
 * once: most calls are over by then, and Temporal writes each down.
 */
function keepBeating(): { stop(): void } {
  const timer = setInterval(() => heartbeat(), 3000);
  return { stop: () => clearInterval(timer) };
}

async function untilRecorded(record: () => Promise<void>): Promise<void> {
  for (let delayMs = 200; ; delayMs = Math.min(delayMs * 2, 5000)) {
    try {
      await asFailure(record);
      return;
    } catch (error) {
      if (error instanceof ApplicationFailure && error.nonRetryable) throw error;
      await new Promise((resolve) => setTimeout(resolve, delayMs));
    }
  }
}
