import { findEntry } from '../audit/find-entry.ts';
import type { Prechecked } from '../domain/change-event.ts';
import { decide } from '../domain/decide.ts';
import type { Command } from '../domain/decide.ts';
import { refusalOf } from '../operations/refusal-of.ts';
import { inTransaction } from '../store/in-transaction.ts';
import { assertPolicy } from './assert-policy.ts';
import type { PrecheckResult, VendorActivities } from './contract.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { digestOf } from './digest.ts';
import { asFailure } from './failure.ts';
import { assertTarget, implementationFor } from './implementation-for.ts';
import { readLoggedChange } from './logged-change.ts';
import { makeReadOrFail } from './read-target.ts';
import { refusalOfSnapshot } from './refusal-of-snapshot.ts';
import { makeTicketCheck } from './ticket-check.ts';
import { changeWorkflow, keyOf, lockedChange, writeEvents } from './write-events.ts';

/**
 * The activity that reads the target, and the ticket, before people are asked.
 *
 * @param mayWrite - asked under the change's lock: false where nobody waits for this reading any more, and another is on its way
 */
export type Precheck = (
  input: Parameters<VendorActivities['precheck']>[0],
  mayWrite?: () => boolean,
) => Promise<PrecheckResult>;

/** Makes {@link Precheck}. */
export function makePrecheck(deps: ActivityDependencies): Precheck {
  const { pool, now = Date.now } = deps;
  const read = makeReadOrFail(deps);
  const tickets = makeTicketCheck(deps);
  return async ({ changeId, ordinal }, mayWrite = () => true) => {
    const writer = changeWorkflow(changeId);
    const { change } = await asFailure(() => readLoggedChange(pool, changeId));
    assertPolicy(deps, change);
    const implementation = implementationFor(deps, change);
    assertTarget(deps, change);
    const key = keyOf(writer, changeId, 'change.prechecked', ordinal);
    const written = (await asFailure(() => findEntry(pool, key))) as unknown as Prechecked | null;
    if (written) return { kind: 'read', event: written };
    const [{ snapshot, requestId }, ticket] = await Promise.all([
      asFailure(() => read(implementation, change, false)),
      tickets.ask(change),
    ]);
    const tooLong = refusalOfSnapshot(snapshot);
    if (tooLong !== null) return { kind: 'refused', snapshot: null, ...tooLong, requestId };
    const ofTicket = await asFailure(() => tickets.refusal(change, ticket));
    if (ofTicket !== null) {
      const { code, message } = ofTicket;
      return { kind: 'refused', snapshot, code, message, requestId };
    }
    const refusal = refusalOf(implementation.operation, snapshot, now());
    if (refusal && change.policy.precheck === 'required') {
      return { kind: 'refused', snapshot, ...refusal, requestId };
    }
    const command: Command = {
      kind: 'show',
      snapshot,
      digest: digestOf(change, snapshot, change.round + 1),
      readRequestId: requestId,
      // Where the policy only wants it shown, what is against it goes with it.
      warning: refusal && { code: refusal.code, message: refusal.message },
    };
    const event = await asFailure(() =>
      inTransaction(pool, async (client) => {
        const kept = await lockedChange(client, changeId);
        // Another reading of this change came first: what it has shown stands.
        const first = (await findEntry(client, key)) as unknown as Prechecked | null;
        if (first) return first;
        if (!mayWrite()) return null;
        const verdict = decide(kept, command, { now: now() });
        const [shown] = 'events' in verdict ? verdict.events : [];
        if (shown?.type !== 'change.prechecked') return null;
        await writeEvents(client, kept, [{ event: shown, ordinal }], writer);
        return shown;
      }),
    );
    return event ? { kind: 'read', event } : { kind: 'overtaken' };
  };
}
