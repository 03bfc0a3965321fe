import { shownJson } from '../domain/shown-text.ts';
import { ApplicationFailure } from '@temporalio/common';
import { appendEntry } from '../audit/append.ts';
import { findEntry } from '../audit/find-entry.ts';
import { activityInfo } from '@temporalio/activity';
import { workflowIdOf } from '../domain/change.ts';
import { changeMembers, newEntry, workerActor } from '../domain/entry.ts';
import type { EntryDraft } from '../domain/entry.ts';
import type { JsonObject } from '../domain/json.ts';
import type { NoticedChange } from '../domain/notice.ts';
import type { NoticeActivities, NoticeInput } from './contract.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { asFailure } from './failure.ts';
import { NotDelivered } from './webhook.ts';

/** Delivery of notices. Without a webhook nothing is sent, and nothing recorded as sent. */
export function makeNoticeActivities({
  pool,
  webhook,
}: Pick<ActivityDependencies, 'pool' | 'webhook'>): NoticeActivities {
  return {
    async notify({ kind, ordinal, time, audience, change }) {
      const entry = entryOf(change, { kind, ordinal, time, audience });
      if (!webhook || (await asFailure(() => findEntry(pool, entry.key)))) return;
      const body = shownJson({
        type: `change.${kind}`,
        timestamp: time,
        data: noticeData(change, audience),
      });
      try {
        await webhook.send({ key: entry.key, body });
      } catch (error) {
        if (!(error instanceof NotDelivered)) throw error;
        throw ApplicationFailure.create({
          type: 'not_delivered',
          message: error.message,
          ...(error.retryAfterMs === null ? {} : { nextRetryDelay: error.retryAfterMs }),
        });
      }
      await asFailure(() => appendEntry(pool, entry));
    },
  };
}

/** The body of a notice: enough to tell people what to look at, and nothing that they could decide on. */
function noticeData(change: NoticedChange, { groups, people }: NoticeInput['audience']): JsonObject {
  const { id, operation, target, requester, justification, breakGlass, round, outcome } = change;
  const { decisionStatus, executionStatus, reviewStatus, decideBy, executeBy } = change;
  return {
    change: {
      id,
      operation,
      target: { id: target.id, scope: { ...target.scope }, label: target.label },
      justification,
      breakGlass,
      ticket: change.ticket && { ...change.ticket },
      requester: { issuer: requester.issuer, subject: requester.subject, name: requester.name },
      decisionStatus,
      executionStatus,
      reviewStatus,
      round,
      decideBy,
      executeBy,
      missing: change.missing.map(({ stage, group, seats }) => ({ stage, group, seats })),
      outcome: outcome && { ...outcome },
      path: `/v1/changes/${id}`,
    },
    audience: { groups, people },
  };
}

/** The entry of a delivered notice. It is the same entry whichever workflow delivers the notice. */
function entryOf(
  change: NoticedChange,
  { ordinal, time, audience }: Omit<NoticeInput, 'change'>,
): EntryDraft {
  const { namespace } = activityInfo();
  const workflowId = workflowIdOf(change.id);
  return newEntry(
    { namespace, of: workflowId, ordinal },
    {
      type: 'notification.sent',
      time,
      actor: workerActor,
      ...changeMembers(change),
      temporal: { namespace, workflowId },
      notification: audience,
    },
  );
}
