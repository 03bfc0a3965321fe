import { appendEntry } from '../audit/append.ts';
import { findEntry } from '../audit/find-entry.ts';
import { withRound } from '../domain/change-state.ts';
import type { JsonObject } from '../domain/json.ts';
import { isoTime } from '../domain/time.ts';
import { inTransaction } from '../store/in-transaction.ts';
import { saveChange } from '../store/save-change.ts';
import { assertPolicy } from './assert-policy.ts';
import type { VendorActivities } from './contract.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { digestOf } from './digest.ts';
import { asFailure } from './failure.ts';
import { assertTarget, implementationFor } from './implementation-for.ts';
import { makeReadOrFail } from './read-target.ts';

/** What `change.prechecked` says of a read. */
interface Written {
  readonly snapshot: JsonObject | null;
  readonly digest: string;
  readonly readRequestId: string;
}

/** The activity that reads the target before people are asked. */
export function makePrecheck(deps: ActivityDependencies): VendorActivities['precheck'] {
  const { pool, now = Date.now } = deps;
  const read = makeReadOrFail(deps);
  return async ({ change, entry }) => {
    assertPolicy(deps, change);
    const implementation = implementationFor(deps, change);
    assertTarget(deps, change);
    const written = (await asFailure(() => findEntry(pool, entry.key))) as Written | null;
    if (written) {
      const { snapshot, digest, readRequestId } = written;
      return { kind: 'read', snapshot, digest, requestId: readRequestId };
    }
    const { snapshot, requestId } = await asFailure(() => read(implementation, change, false));
    const refusal = implementation.operation.refusal(snapshot, now());
    if (refusal && change.policy.precheck === 'required') {
      return { kind: 'refused', snapshot, ...refusal, requestId };
    }
    const digest = digestOf(change, snapshot, change.round + 1);
    const after = withRound(change, snapshot, digest);
    // Where the policy only wants it shown, what is against it goes with it.
    const warning = refusal && { code: refusal.code, message: refusal.message };
    const told = {
      warning,
      time: isoTime(now()),
      snapshot,
      digest,
      round: after.round,
      readRequestId: requestId,
    };
    await asFailure(() =>
      inTransaction(pool, async (client) => {
        await appendEntry(client, { key: entry.key, body: { ...entry.body, ...told } });
        await saveChange(client, after);
      }),
    );
    await deps.at?.('prechecked');
    return { kind: 'read', snapshot, digest, requestId };
  };
}
