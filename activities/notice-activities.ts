import { shownJson } from '../domain/shown-text.ts';
import { ApplicationFailure } from '@temporalio/common';
import { appendEntry } from '../audit/append.ts';
import { findEntry } from '../audit/find-entry.ts';
import type { Change } from '../domain/change.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import type { noticeMembers } from '../domain/notice.ts';
import type { NoticeActivities } from './contract.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { asFailure } from './failure.ts';
import { NotDelivered } from './webhook.ts';

/** Delivery of notices. Without a webhook nothing is sent, and nothing recorded as sent. */
export function makeNoticeActivities({
  pool,
  webhook,
  at,
}: Pick<ActivityDependencies, 'pool' | 'webhook' | 'at'>): NoticeActivities {
  return {
    async notify({ kind, change, entry }) {
      if (!webhook || (await asFailure(() => findEntry(pool, entry.key)))) return;
      const body = shownJson({
        type: `change.${kind}`,
        timestamp: entry.body.time,
        data: noticeData(change, entry.body.notification),
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
      await at?.('notice.sent');
      await asFailure(() => appendEntry(pool, entry));
    },
  };
}

/** What a receiver learns: enough to tell people what to look at, and nothing to decide on. */
function noticeData(change: Change, notification: Json | undefined): JsonObject {
  const { id, operation, target, requester, justification, breakGlass, round, outcome } = change;
  const { decisionStatus, executionStatus, reviewStatus, decideBy, executeBy } = change;
  const { groups, people } = notification as ReturnType<typeof noticeMembers>;
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
