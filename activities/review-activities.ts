import { ApplicationFailure } from '@temporalio/common';
import { appendEntry } from '../audit/append.ts';
import { findEntry } from '../audit/find-entry.ts';
import type { Change } from '../domain/change.ts';
import type { JsonObject } from '../domain/json.ts';
import { next } from '../domain/change-state.ts';
import { changeMembers, personActor } from '../domain/entry.ts';
import { CountersignError } from '../domain/error.ts';
import { judgeReview } from '../domain/review.ts';
import type { SignedStatement } from '../domain/statement.ts';
import { inTransaction } from '../store/in-transaction.ts';
import { lockChange } from '../store/lock-change.ts';
import { releaseBreakGlass } from '../store/release-break-glass.ts';
import { saveChange } from '../store/save-change.ts';
import type { ReviewActivities } from './contract.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { asFailure } from './failure.ts';

/** The post-implementation review: one transaction on a change that has ended. */
export function makeReviewActivities({ pool, verifyStatement }: ActivityDependencies): ReviewActivities {
  return {
    async signReview({ request, key, at, temporal }) {
      const { signed, source } = request;
      const { statement } = signed;
      if (statement.kind !== 'review' || !verifyStatement(signed)) {
        throw ApplicationFailure.nonRetryable('the review is not signed by a known key', 'bad_signature');
      }
      await asFailure(() =>
        inTransaction(pool, async (client) => {
          const change = await lockChange(client, statement.changeId);
          // A repeat of what was committed before the answer was lost.
          if (await findEntry(client, key)) return;
          if (!change) throw new CountersignError('not_found', 'there is no such change');
          if (judged(change, signed) === 'repeated') return;
          const { person, comment } = statement;
          await appendEntry(client, {
            key,
            body: {
              v: 1,
              type: 'review.signed',
              time: at,
              actor: personActor(person),
              ...changeMembers(change),
              temporal,
              comment,
              statement: statement as unknown as JsonObject,
              signature: { keyId: signed.keyId, value: signed.signature },
              source,
            },
          });
          await saveChange(client, next(change, { reviewStatus: 'signed', review: { person, comment, at } }));
          await releaseBreakGlass(client, change.id);
        }),
      );
    },
  };
}

/** A refusal is final: no repeat of the activity would change it. */
function judged(change: Change, { statement }: SignedStatement): 'new' | 'repeated' {
  try {
    return judgeReview(change, statement.person);
  } catch (error) {
    if (error instanceof CountersignError) throw ApplicationFailure.nonRetryable(error.message, error.code);
    throw error;
  }
}
