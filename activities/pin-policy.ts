import type { PoolClient } from 'pg';
import { appendEntry } from '../audit/append.ts';
import { findEntry } from '../audit/find-entry.ts';
import { CountersignError } from '../domain/error.ts';
import { policyPinned } from '../domain/policy-entry.ts';
import type { PinnedPolicy } from '../domain/policy.ts';

/**
 * Appends the entry of a policy, unless the log has it: before the first change that is asked for under it.
 *
 * @param client - in a transaction, the one that also appends the change's first entry
 * @param time - ISO 8601
 */
export async function pinPolicy(client: PoolClient, policy: PinnedPolicy, time: string): Promise<void> {
  const draft = policyPinned(policy, time);
  if ((await findEntry(client, draft.key)) !== null) return;
  await client.query('SAVEPOINT pin_policy');
  try {
    await appendEntry(client, draft);
  } catch (error) {
    if (!(error instanceof CountersignError) || error.code !== 'integrity_conflict') throw error;
    // Another change under it was asked for meanwhile, at another time: the policy is the same.
    await client.query('ROLLBACK TO SAVEPOINT pin_policy');
  }
  await client.query('RELEASE SAVEPOINT pin_policy');
}
