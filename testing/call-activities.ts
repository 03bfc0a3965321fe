import { ApplicationFailure } from '@temporalio/common';
import { assertApproved, assertOpen } from '../activities/approval.ts';
import { withHeartbeats } from '../activities/activity-ref.ts';
import { answerWithin } from '../activities/answer-or.ts';
import { unsent } from '../activities/attempt-log.ts';
import { failureOf } from '../activities/call-failure.ts';
import type {
  CallResult,
  FailedCall,
  GatedCall,
  PrecheckResult,
  VendorActivities,
} from '../activities/contract.ts';
import { digestOf } from '../activities/digest.ts';
import { asFailure } from '../activities/failure.ts';
import { hasHostEnded } from '../activities/host-end.ts';
import { assertTarget, implementationFor } from '../activities/implementation-for.ts';
import { isOwnEffect } from '../activities/own-effect.ts';
import { makeReadOrFail, readTarget } from '../activities/read-target.ts';
import { refusalOfSnapshot } from '../activities/refusal-of-snapshot.ts';
import { changeWorkflow } from '../activities/write-events.ts';
import { isInDoubt, mayHaveBeenSent } from '../domain/attempt.ts';
import type { Attempt } from '../domain/change.ts';
import { decide } from '../domain/decide.ts';
import type { Command } from '../domain/decide.ts';
import { fault } from '../domain/fault.ts';
import type { Fault } from '../domain/fault.ts';
import type { KeyedHost } from '../domain/host.ts';
import { isoTime } from '../domain/time.ts';
import type { Implementation, PreparedCall, SentAnswer } from '../operations/implement.ts';
import { refusalOf } from '../operations/refusal-of.ts';
import type { KeptChange } from './changes-in-memory.ts';
import type { KitParts } from './kit-parts.ts';

/** Longest time for a driver to get ready, and longest wait for its call, ms: tests have no two and a half minutes. */
const callWithinMs = 5000;
/** How many doubtful answers a change takes, as in a service. */
const doubtfulLimit = 5;

/** The activities that talk to services, and the gated call of each operation under its own name. */
export function makeCallActivities(parts: KitParts): VendorActivities & Record<string, GatedCall> {
  const { changes, rules, operations, verifyStatement, clock } = parts;
  const read = makeReadOrFail({ doubtfulLimit });

  /** Gives a command to the change's machine and keeps what comes of it. */
  async function apply(kept: KeptChange, command: Command, ordinal: number): Promise<void> {
    const verdict = decide(kept.change, command, { now: await clock() });
    if ('refusal' in verdict) throw new Error(verdict.refusal.message);
    changes.move(
      kept,
      verdict.events.map((event) => ({ event, ordinal })),
    );
  }

  const precheck: VendorActivities['precheck'] = ({ changeId, ordinal }) => {
    changeWorkflow(changeId);
    const kept = changes.get(changeId);
    return telling(kept, 'its target could not be read', () => show(kept, ordinal));
  };

  async function show(kept: KeptChange, ordinal: number): Promise<PrecheckResult> {
    const written = kept.events.find(
      (event) => event.type === 'change.prechecked' && event.round === ordinal,
    );
    if (written?.type === 'change.prechecked') return { kind: 'read', event: written };
    const { change } = kept;
    const implementation = implementationFor(parts, change);
    assertTarget(parts, change);
    const { snapshot, requestId } = await read(implementation, change, false);
    const tooLong = refusalOfSnapshot(snapshot);
    if (tooLong !== null) return { kind: 'refused', snapshot: null, ...tooLong, requestId };
    const now = await clock();
    const ofTicket = rules.refusal(change, 'precheck', now);
    if (ofTicket !== null) {
      const { code, message } = ofTicket;
      return { kind: 'refused', snapshot, code, message, requestId };
    }
    const refusal = refusalOf(implementation.operation, snapshot, now);
    if (refusal && change.policy.precheck === 'required') {
      return { kind: 'refused', snapshot, ...refusal, requestId };
    }
    const digest = digestOf(change, snapshot, change.round + 1);
    const warning = refusal && { code: refusal.code, message: refusal.message };
    const command = { kind: 'show', snapshot, digest, readRequestId: requestId, warning } as const;
    const verdict = decide(kept.change, command, { now });
    const [event] = 'events' in verdict ? verdict.events : [];
    if (event?.type !== 'change.prechecked') return { kind: 'overtaken' };
    changes.move(kept, [{ event, ordinal }]);
    return { kind: 'read', event };
  }

  /** What the change comes to without a call; null where the call may be made. As a service looks right before each. */
  async function look(kept: KeptChange, implementation: Implementation): Promise<CallResult | null> {
    const { change, attempts } = kept;
    const now = await clock();
    assertOpen(change, now);
    const done = attempts.findLast(({ outcome }) => outcome === 'succeeded');
    if (done) {
      const output = await changes.output(change.id);
      return { kind: 'succeeded', requestId: done.requestId, reconciled: false, output };
    }
    const called = attempts.some(mayHaveBeenSent);
    const { snapshot } = await read(implementation, change, called);
    if (digestOf(change, snapshot, change.round) === change.digest) {
      const why = await rules.block(change, now);
      return why && { kind: 'blocked', why, called };
    }
    if (called && isOwnEffect(implementation.operation, change, snapshot))
      return { kind: 'succeeded', requestId: null, reconciled: true };
    return { kind: 'drifted', message: 'the target is not as it was approved', called };
  }

  async function call(
    kept: KeptChange,
    implementation: Implementation,
    host: KeyedHost | null,
  ): Promise<CallResult> {
    assertApproved(kept.change, changes.approvals(kept), verifyStatement);
    if (await hasHostEnded(host, kept.attempts)) return { kind: 'host_ended' };
    const instead = await look(kept, implementation);
    if (instead !== null) return instead;
    const { id: changeId, target, input } = kept.change;
    const ordinal = kept.attempts.length + 1;
    await apply(kept, { kind: 'begin', ordinal }, ordinal);
    const at = isoTime(await clock());
    const started: Attempt = {
      ...{
        changeId,
        ordinal,
        target: target.id,
        startedAt: at,
        sentAt: null,
        endedAt: null,
        outcome: 'open',
      },
      ...{ class: null, httpStatus: null, code: null, message: null, requestId: null },
    };
    kept.attempts.push(started);
    const waiting = new AbortController();
    const context = { changeId, notAfter: Date.now() + callWithinMs, signal: waiting.signal };
    const preparing = implementation.prepare(input, context);
    const prepared = await answerWithin<PreparedCall | Fault>(waiting, callWithinMs, preparing, () =>
      unsent('not prepared in time'),
    );
    const isSent = typeof prepared === 'function';
    const late = () => fault('unknown', 'timeout', `the call gave no answer within ${callWithinMs} ms`);
    const answer = isSent
      ? await answerWithin<SentAnswer | Fault>(waiting, callWithinMs, prepared(), late)
      : prepared;
    await end(kept, { ...started, sentAt: isSent ? at : null }, answer);
    if (answer.ok)
      return { kind: 'succeeded', requestId: answer.requestId, reconciled: false, output: answer.output };
    const doubtful = kept.attempts.filter((attempt) => attempt.class === 'doubtful').length;
    throw failureOf(answer, answer.class === 'doubtful' && doubtful >= doubtfulLimit);
  }

  async function end(kept: KeptChange, started: Attempt, answer: SentAnswer | Fault): Promise<void> {
    const outcome = answer.ok ? 'succeeded' : answer.class === 'unknown' ? 'unknown' : 'failed';
    const { ordinal, sentAt } = started;
    const told = {
      ordinal,
      class: answer.ok ? null : answer.class,
      httpStatus: answer.ok ? 200 : answer.httpStatus,
      code: answer.ok ? 'OK' : answer.code,
      message: answer.ok ? null : answer.message,
      requestId: answer.requestId,
    };
    const output = answer.ok && answer.output !== null ? { output: answer.output } : {};
    await apply(kept, { kind: 'answer', outcome, attempt: { ...told, sentAt }, ...output }, ordinal);
    kept.attempts[ordinal - 1] = { ...started, ...told, outcome, endedAt: isoTime(await clock()) };
  }

  async function called(kept: KeptChange, host: KeyedHost | null): Promise<CallResult> {
    try {
      const implementation = implementationFor(parts, kept.change);
      assertTarget(parts, kept.change);
      return await asFailure(() => call(kept, implementation, host));
    } catch (error) {
      throw inDoubt(kept, error);
    }
  }

  const gated =
    (operation: string): GatedCall =>
    ({ changeId, host = null }) =>
      withHeartbeats(async () => {
        changeWorkflow(changeId);
        const kept = changes.get(changeId);
        if (kept.change.operation !== operation) {
          const message = `the activity ${operation} makes no call of ${kept.change.operation}`;
          throw ApplicationFailure.nonRetryable(message, 'invalid_request');
        }
        return await telling(kept, 'its call failed', () => called(kept, host));
      });

  const settle: VendorActivities['settle'] = async ({ changeId }) => {
    changeWorkflow(changeId);
    const { change, attempts } = changes.get(changeId);
    const made = attempts.filter(mayHaveBeenSent);
    const implementation = implementationFor(parts, change);
    const answer = made.length === 0 ? null : await readTarget(implementation, change);
    const last = made.findLast(({ outcome }) => outcome !== 'succeeded');
    return {
      attempts: made.length,
      achieved: answer?.ok === true ? isOwnEffect(implementation.operation, change, answer.snapshot) : null,
      doubt: made.some(isInDoubt),
      last: last
        ? { code: last.code ?? 'unknown', message: last.message ?? '', requestId: last.requestId }
        : null,
    };
  };

  const calls = Object.fromEntries(operations.list.map(({ name }) => [name, gated(name)]));
  return { precheck, settle, ...calls } as VendorActivities & Record<string, GatedCall>;
}

/** Keeps why a step has failed, for whoever waits for the change. */
async function telling<T>(kept: KeptChange, what: string, work: () => Promise<T>): Promise<T> {
  try {
    const result = await work();
    kept.heldBy = null;
    return result;
  } catch (error) {
    kept.heldBy = `${what}: ${error instanceof Error ? error.message : String(error)}`;
    throw error;
  }
}

/** A failure for good tells whether an earlier call may have worked all the same, as a service's does. */
function inDoubt({ attempts }: KeptChange, error: unknown): unknown {
  const isFinal = error instanceof ApplicationFailure && error.nonRetryable === true;
  if (!isFinal || !attempts.some(isInDoubt)) return error;
  const [told] = (error.details ?? []) as readonly FailedCall[];
  const { message, type = 'internal_error' } = error as { message: string; type?: string };
  const detail = { code: type, message, requestId: null, ...told, doubt: true } satisfies FailedCall;
  return ApplicationFailure.create({ type, message, nonRetryable: true, details: [detail] });
}
