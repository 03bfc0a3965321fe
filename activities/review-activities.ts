import { ApplicationFailure } from '@temporalio/common';
import { decide } from '../domain/decide.ts';
import { signedRequestSchema } from '../domain/statement-schema.ts';
import { fieldErrors } from '../operations/field-errors.ts';
import { inTransaction } from '../store/in-transaction.ts';
import { lockChange } from '../store/lock-change.ts';
import { releaseBreakGlass } from '../store/release-break-glass.ts';
import type { ReviewActivities } from './contract.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { asFailure } from './failure.ts';
import { missingChange } from './missing-change.ts';
import { areWritten, currentWorkflow, writeEvents } from './write-events.ts';

/** The post-implementation review: one transaction on a change that has ended. */
export function makeReviewActivities({ pool, verifyStatement }: ActivityDependencies): ReviewActivities {
  return {
    async signReview({ request, now }) {
      const [wrong] = fieldErrors(signedRequestSchema, request);
      if (wrong) {
        throw ApplicationFailure.nonRetryable(`${wrong.field}: ${wrong.message}`, 'invalid_request');
      }
      const { statement } = request.signed;
      const { changeId } = statement;
      const writer = currentWorkflow();
      await asFailure(() =>
        inTransaction(pool, async (client) => {
          const kept = await lockChange(client, changeId);
          if (!kept) throw missingChange(changeId, { row: false, entries: false });
          if (statement.kind !== 'review' || !verifyStatement(request.signed))
            throw ApplicationFailure.nonRetryable('the review is not signed by a known key', 'bad_signature');
          const verdict = decide(kept, { kind: 'request', request }, { now });
          // A refusal is final: no repeat of the activity would change it.
          if ('refusal' in verdict) {
            throw ApplicationFailure.nonRetryable(verdict.refusal.message, verdict.refusal.code);
          }
          const events = verdict.events.map((event) => ({ event, ordinal: 1 }));
          // A repeat of what was committed before the answer was lost.
          if (events.length === 0 || (await areWritten(client, writer, changeId, events))) return;
          await writeEvents(client, kept, events, writer);
          await releaseBreakGlass(client, changeId);
        }),
      );
    },
  };
}
