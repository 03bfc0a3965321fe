import type { Router } from 'express';
import { decisionStatuses, executionStatuses, reviewStatuses } from '../../domain/status.ts';
import { checked } from '../../operations/checked.ts';
import { countAttemptsOfPeriod } from '../../store/count-attempts-of-period.ts';
import type { StatusCount } from '../../store/count-changes-by-status.ts';
import { countOutcomesOfPeriod } from '../../store/count-outcomes-of-period.ts';
import { countStatusesOfPeriod } from '../../store/count-statuses-of-period.ts';
import { readApprovalWaits } from '../../store/read-approval-waits.ts';
import type { StatisticsAnswer } from '../answer-schemas.ts';
import { callerOf, requireRole } from '../caller.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { readPeriod } from '../period.ts';
import { recorded } from '../recorded.ts';
import { exactRouter } from '../router.ts';
import { methodNotAllowed } from '../problem.ts';
import { statisticsQuerySchema } from '../schemas.ts';

const day = 86_400_000;

/** `GET /v1/statistics`: figures of the changes that were submitted in a time. They name no change, target or person. */
export function statisticsRoutes(deps: ApiDependencies): Router {
  const { db, refusals, now = Date.now } = deps;
  const router = exactRouter();
  router
    .route('/')
    .get(async (req, res) => {
      const { person } = callerOf(req);
      await recorded(refusals, req, { wanted: { call: 'read statistics' } }, () =>
        requireRole(person, 'auditor', 'operator', 'admin'),
      );
      const { operation = null, ...asked } = checked(statisticsQuerySchema, req.query);
      const { from, to } = readPeriod(asked, { endsAt: now(), usualMs: 30 * day, mostMs: 366 * day });
      const period = { from, to, operation };
      const counts = await countStatusesOfPeriod(db, period);
      const answer: StatisticsAnswer = {
        ...period,
        changes: counts.reduce((sum, { count }) => sum + count, 0),
        byDecision: countBy(decisionStatuses, counts, 'decisionStatus'),
        byExecution: countBy(executionStatuses, counts, 'executionStatus'),
        byReview: countBy(reviewStatuses, counts, 'reviewStatus'),
        outcomes: await countOutcomesOfPeriod(db, period),
        approval: await readApprovalWaits(db, period),
        attempts: await countAttemptsOfPeriod(db, period),
      };
      res.json(answer);
    })
    .all(methodNotAllowed('GET'));
  return router;
}

/** How many changes there are in each status; a status that a row was given by hand counts nowhere. */
function countBy<S extends string>(
  statuses: readonly S[],
  counts: readonly StatusCount[],
  of: 'decisionStatus' | 'executionStatus' | 'reviewStatus',
): Record<S, number> {
  const countOf = (status: S) =>
    counts.reduce((sum, one) => (one[of] === (status as string) ? sum + one.count : sum), 0);
  return Object.fromEntries(statuses.map((status) => [status, countOf(status)])) as Record<S, number>;
}
