import { longestMs } from '../../domain/duration.ts';
import { canonicalJson } from '../../domain/canonical-json.ts';
import { personActor } from '../../domain/entry.ts';
import type { EntryBody } from '../../domain/entry.ts';
import { requesterOfHost } from '../../domain/host.ts';
import { personKey } from '../../domain/membership.ts';
import { asksByToken, refusalOfMachine } from '../../domain/machine.ts';
import { answerableFor } from '../../domain/person.ts';
import type { Voucher } from '../../domain/person.ts';
import { isoTime } from '../../domain/time.ts';
import { isPolicyKnown, tolerance } from './change-record.ts';
import type { ChangeRecord } from './change-record.ts';
import { objectOf } from './fields.ts';
import type { LogFacts } from './log-facts.ts';
import type { Report } from './problem.ts';
import { hasRole, statementOf } from './statement-of.ts';

/**
 * A request is by somebody with the role for it. One that the API has not signed comes by a workflow, and then it is as one may
 * ask: not more, and for no longer.
 */
export function judgeAsked(record: ChangeRecord, body: EntryBody, report: Report): void {
  if (statementOf(body) !== null) {
    if (!hasRole(body, 'requester')) report('not_by_requester', `${body.type} by somebody who may not`);
    if (!isWithinLimit(record)) report('requested_otherwise', 'requested for more than 366 days');
    return;
  }
  const { namespace, workflowId, runId, type } = objectOf(body.host);
  if (![namespace, workflowId, runId, type].every((one) => typeof one === 'string')) {
    report('statement_missing', `${body.type} without what the person said, and by no workflow`);
    return;
  }
  const { requester, breakGlass, submittedAt, decideBy, policy, asked } = record.change;
  const vouching = requesterOfHost(requester, { namespace, type, workflowId } as unknown as Voucher);
  const latest = Date.parse(submittedAt) + policy.decideWithinMs;
  const isAsHostsAsk =
    canonicalJson(body.actor) === canonicalJson(personActor(vouching)) &&
    !breakGlass &&
    asked.executeBy === null &&
    (!isPolicyKnown(record) ||
      (Date.parse(decideBy) <= latest && asked.executeWithinMs <= policy.executeWithinMs));
  if (!isAsHostsAsk) report('requested_otherwise', 'requested as no workflow may ask for a change');
}

/** Whether the clocks of a request lie as near as the API lets them. */
function isWithinLimit({ change }: ChangeRecord): boolean {
  const { submittedAt, decideBy, executeAfter, asked } = change;
  const latest = Date.parse(submittedAt) + longestMs + tolerance;
  return [decideBy, executeAfter, asked.executeBy].every((at) => at === null || Date.parse(at) <= latest);
}

/**
 * A machine asks with a token that an admin has issued, that has not expired and that nobody has revoked. The API reads the
 * token before it signs, and the worker writes the request later: only a revocation of well before the signature counts.
 */
export function judgeToken(
  { tokens }: LogFacts,
  { change: { requester, submittedAt } }: ChangeRecord,
  body: EntryBody,
  whole: boolean,
  report: Report,
): void {
  if (!asksByToken(requester) || statementOf(body) === null) return;
  const token = tokens.get(requester.subject);
  if (token === undefined && !whole) return;
  const why = refusalOfMachine(requester, token ?? null, isoTime(Date.parse(submittedAt) - tolerance));
  if (why !== null) report('token_not_valid', `a machine asked at ${submittedAt}; ${why}`);
}

/** Nobody breaks the glass while an earlier break-glass change that they answer for is open or owes its review. */
export function judgeDebt(
  { debts, debtors }: LogFacts,
  { change: { id, requester, breakGlass } }: ChangeRecord,
  report: Report,
): void {
  if (!breakGlass) return;
  const debtor = personKey(answerableFor(requester));
  const owed = debts.get(debtor);
  if (owed === id) return;
  if (owed !== undefined) {
    report('review_owed', `break-glass change ${owed} of the same person is open or owes its review`);
    return;
  }
  debts.set(debtor, id);
  debtors.set(id, debtor);
}

/** Forgets a break-glass change that has ended without a call, or whose review is signed. */
export function settleDebt({ debts, debtors }: LogFacts, { change }: ChangeRecord): void {
  const debtor = debtors.get(change.id);
  if (debtor === undefined || change.closedAt === null || change.reviewStatus === 'owed') return;
  debts.delete(debtor);
  debtors.delete(change.id);
}
