import { ApplicationFailure } from '@temporalio/common';
import type { Pool } from 'pg';
import type { Change } from '../domain/change.ts';
import { appendEntries } from '../audit/append.ts';
import { getChange } from '../store/get-change.ts';
import { lockChange } from '../store/lock-change.ts';
import { getPolicyRevocation } from '../store/get-policy-revocation.ts';
import { inTransaction } from '../store/in-transaction.ts';
import { openChange } from '../store/open-change.ts';
import { saveChange } from '../store/save-change.ts';
import { makeGate } from '../calendar/gate.ts';
import { askAgainMs } from '../domain/closure.ts';
import { mergedDecisions } from '../domain/decisions.ts';
import { CountersignError } from '../domain/error.ts';
import { samePerson } from '../domain/person.ts';
import { servedRegionFault } from '../operations/served-region.ts';
import type { LogActivities, OpenedResult } from './contract.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { makeAcceptance } from './accept-request.ts';
import { attests } from './approval.ts';
import { cancelChange } from './cancel-change.ts';
import { assertPolicy } from './assert-policy.ts';
import { stopOf } from './begin-call.ts';
import { asFailure } from './failure.ts';
import { requestFault } from './request-fault.ts';
import { writeEnd } from './write-end.ts';

/** The activities on Postgres alone. Each is one transaction: its entries and the change's new state, or nothing. */
export function makeLogActivities(deps: ActivityDependencies): LogActivities {
  const { pool, operations, region, verifyStatement, calendar, gateLongestMs, now = Date.now } = deps;
  const closure = makeGate(pool, calendar);
  const acceptance = makeAcceptance(deps);
  return {
    acceptHost: acceptance.acceptHost,

    async openChange(opening) {
      const { request, change, entries, idempotency, submission } = opening;
      const fault = requestFault(operations, request, change);
      if (fault?.code === 'invalid_request') return { kind: 'invalid', message: fault.message };
      const operation = operations.get(change.operation);
      const elsewhere = servedRegionFault(operation, change.target, region);
      if (elsewhere !== null) return { kind: 'invalid', code: 'region_not_served', message: elsewhere };
      if (submission !== null && !attests(submission, change, verifyStatement)) {
        const message = 'the submission is not signed for this change by a known key';
        return { kind: 'invalid', code: 'bad_signature', message };
      }
      assertPolicy(deps, change);
      const obstacle =
        (await acceptance.refusalOf(opening, fault)) ?? (await asFailure(() => obstacleTo(pool, change)));
      // A repeat of what was committed before: what came in its way since ends it in other ways.
      if (obstacle && !(await asFailure(() => getChange(pool, change.id)))) return obstacle;
      const result = await asFailure(() =>
        inTransaction(pool, async (client) => {
          const opened = await openChange(client, { change, idempotency });
          if (opened.kind === 'opened') await appendEntries(client, entries);
          return opened;
        }),
      );
      await deps.at?.('change.opened');
      return result.kind === 'opened'
        ? { kind: 'opened', changeId: change.id, notifies: !!deps.webhook }
        : result;
    },

    async recordChange({ change, complete, entries, statements }) {
      assertPolicy(deps, change);
      for (const signed of statements) {
        if (signed.statement.changeId !== change.id || !verifyStatement(signed)) {
          throw ApplicationFailure.nonRetryable(
            `a statement of change ${change.id} is not signed by a known key`,
            'bad_signature',
          );
        }
      }
      await deps.at?.('before.record');
      await asFailure(() =>
        inTransaction(pool, async (client) => {
          const kept = complete ? null : await lockChange(client, change.id);
          const decisions = mergedDecisions(kept?.decisions ?? [], { decisions: change.decisions, complete });
          await appendEntries(client, entries);
          if (await saveChange(client, { ...change, decisions })) return;
          // Kept already, or it has ended: its workflow may not know yet, when the task that closed it was lost.
          if ((await getChange(client, change.id))?.closedAt) {
            throw new CountersignError('change_closed', `change ${change.id} has ended`);
          }
        }),
      );
      for (const { statement } of statements) {
        const decided = change.decisions.findLast((d) => d.counts && samePerson(d.person, statement.person));
        if (statement.kind !== 'decision' || !decided) continue;
        const waitMs = Date.parse(decided.at) - Date.parse(change.submittedAt);
        deps.onDecision?.({ decision: decided.decision, waitMs });
      }
      await deps.at?.('recorded');
    },

    cancelChange: (input) => asFailure(() => cancelChange(pool, input)),

    async gate({ change }) {
      const time = now();
      const why = await closure(change, time);
      if (why === null || (await asFailure(() => stopOf(pool, change.id))) !== null) return;
      throw ApplicationFailure.create({
        type: 'closed',
        message: `${why.kind}: ${why.reason}`,
        details: [why],
        nextRetryDelay: askAgainMs(why, time, gateLongestMs),
      });
    },

    async closeChange(recording) {
      await deps.at?.('before.close');
      const kept = await asFailure(() => writeEnd(pool, recording.change.id, () => recording));
      await deps.at?.('closed');
      return kept;
    },
  };
}

/** What only Postgres knows against a new change: its policy was revoked. */
async function obstacleTo(pool: Pool, change: Change): Promise<OpenedResult | null> {
  const revocation = await getPolicyRevocation(pool, change.policy.digest);
  return revocation && { kind: 'policy_revoked', changeId: change.id };
}
