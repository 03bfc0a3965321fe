import { appenderOfType } from '../../domain/entry.ts';
import type { EntryBody } from '../../domain/entry.ts';
import { isPolicyKnown } from './change-record.ts';
import type { ChangeRecord } from './change-record.ts';
import { policyNamedIn } from './judge-policy.ts';
import type { Report } from './problem.ts';

/**
 * Whether an entry of the worker's names the policy, the operation and the target that its change was asked for with. The API's
 * tell what was stored.
 */
export function judgeNames(record: ChangeRecord, body: EntryBody, report: Report): void {
  if (appenderOfType[body.type] !== 'worker') return;
  const { whole, change } = record;
  const { policy, operation, target } = change;
  const { name, version, digest } = policyNamedIn(body);
  const isSamePolicy = name === policy.name && version === policy.version && digest === policy.digest;
  if (isPolicyKnown(record) && !isSamePolicy) {
    report('policy_differs', `${body.type} names another policy than the one that was asked for under`);
  }
  if (!whole || (body.operation === operation && body.target === target.id)) return;
  report('operation_differs', `${body.type} names another operation or target than was asked for`);
}
