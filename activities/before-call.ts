import { listTakenBack } from '../audit/taken-back.ts';
import { mayHaveBeenSent } from '../domain/attempt.ts';
import type { Change } from '../domain/change.ts';
import type { KeyedHost } from '../domain/host.ts';
import { snapshotDifference } from '../domain/snapshot-difference.ts';
import type { JsonObject } from '../domain/json.ts';
import { reevaluate } from '../domain/reevaluation.ts';
import type { Implementation } from '../operations/implement.ts';
import { getChange } from '../store/get-change.ts';
import { listAttempts } from '../store/list-attempts.ts';
import { assertApproved, assertOpen } from './approval.ts';
import { assertPolicy } from './assert-policy.ts';
import { makeAttemptLog } from './attempt-log.ts';
import type { ActivityRef } from './attempt-log.ts';
import { stopOf } from './begin-call.ts';
import type { CallResult } from './contract.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { digestOf } from './digest.ts';
import { asFailure } from './failure.ts';
import { hasHostEnded } from './host-end.ts';
import type { LoggedChange } from './logged-change.ts';
import { outputOf } from './output-of.ts';
import { isOwnEffect } from './own-effect.ts';
import { makeReadOrFail } from './read-target.ts';
import { makeTellingGate } from './telling-gate.ts';
import { makeTicketCheck } from './ticket-check.ts';

/** How old what was read of a ticket may be, ms. */
const staleTicketMs = 1000;

/**
 * The first step of a gated call: everything that must hold before it. Each of the two functions answers null when it
 * holds, and otherwise what the change comes to without a call.
 */
export function makeBeforeCall(deps: ActivityDependencies) {
  const { pool, sealing, groupsIn = () => [], now = Date.now } = deps;
  const attempts = makeAttemptLog(deps);
  const gate = makeTellingGate(deps);
  const read = makeReadOrFail(deps);
  const tickets = makeTicketCheck(deps);

  /** The result when approvers have lost their right and a seat is empty; null when the seats are filled. */
  async function lapsedSince(change: Change): Promise<CallResult | null> {
    if (reevaluate(change, groupsIn).missing.length === 0) return null;
    // Somebody new may have decided since the directory was read.
    await deps.readDirectoryAgain?.();
    const reevaluation = reevaluate(change, groupsIn);
    return reevaluation.missing.length === 0 ? null : { kind: 'lapsed', reevaluation };
  }

  /**
   * Whether the change may run now: it is open, nobody has stopped it, its approvers still may, no gate blocks it, its ticket
   * and its target are as they have to be. What people may say meanwhile is asked once more in the moment in which the call begins.
   */
  async function look(implementation: Implementation, change: Change): Promise<CallResult | null> {
    assertOpen(await asFailure(() => getChange(pool, change.id)), now());
    const made = await listAttempts(pool, change.id);
    // The call's answer was recorded and never reached the workflow. The call is not made twice.
    const done = made.findLast(({ outcome }) => outcome === 'succeeded');
    if (done) {
      const output = await asFailure(() => outputOf(pool, change.id));
      return { kind: 'succeeded', requestId: done.requestId, reconciled: false, output };
    }
    const stopped = await asFailure(() => stopOf(pool, change.id));
    if (stopped !== null) return stopped;
    const called = made.some(mayHaveBeenSent);
    // A change whose calls have begun goes on: its approvers were entitled when they began.
    if (!called) {
      const lapsed = await lapsedSince(change);
      if (lapsed !== null) return lapsed;
    }
    // Beside the target; once more where that took long, so that a call begins on what has just been read.
    const asked = tickets.ask(change);
    const ticketNow = async (isNext: boolean) => {
      const answer = await asked;
      const isStale = isNext && answer.kind === 'read' && now() - Date.parse(answer.at) > staleTicketMs;
      return isStale ? await tickets.ask(change) : answer;
    };
    const blocked = async (isNext: boolean): Promise<CallResult | null> => {
      const why =
        (await gate(change, now())) ??
        (await asFailure(async () => tickets.block(change, await ticketNow(isNext), isNext)));
      return why && { kind: 'blocked', why, called };
    };
    let snapshot: JsonObject | null;
    try {
      ({ snapshot } = await read(implementation, change, called));
    } catch (error) {
      // A change that the gate blocks is not kept trying by a target that cannot be read.
      const instead = await blocked(false);
      if (instead) return instead;
      throw error;
    }
    if (digestOf(change, snapshot, change.round) === change.digest) {
      // The last check, so that whatever was declared until now blocks this call.
      return await blocked(true);
    }
    if (called && isOwnEffect(implementation.operation, change, snapshot)) {
      return { kind: 'succeeded', requestId: null, reconciled: true };
    }
    const difference = snapshotDifference(change.snapshot, snapshot);
    return { kind: 'drifted', message: `the target is not as it was approved: ${difference}`, called };
  }

  return {
    look,
    /** The whole step: policy and approvals, the attempts of lost workers, the host, the log, and then {@link look}. */
    before: async (
      implementation: Implementation,
      { change, approvals }: LoggedChange,
      ref: ActivityRef,
      host: KeyedHost | null,
    ): Promise<CallResult | null> => {
      assertPolicy(deps, change);
      const takenBack = await asFailure(() => listTakenBack(pool, change.id, approvals));
      const standing = approvals.filter((signed) => !takenBack.includes(signed));
      assertApproved(change, standing, deps.verifyStatement);
      await asFailure(() => attempts.endLost(change, ref));
      // When the log is known not to seal, no attempt begins: it would only be given up.
      const [isHostless] = await Promise.all([
        hasHostEnded(host, await listAttempts(pool, change.id)),
        asFailure(() => sealing.ready()),
      ]);
      if (isHostless) return { kind: 'host_ended' };
      return await look(implementation, change);
    },
  };
}
