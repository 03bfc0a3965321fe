import { setImmediate as breath } from 'node:timers/promises';
import type { Router } from 'express';
import { openTimes } from '../../calendar/window.ts';
import { timeOfFreeze } from '../../domain/freeze.ts';
import type { Freeze } from '../../domain/freeze.ts';
import { roles } from '../../domain/person.ts';
import type { PinnedPolicy } from '../../domain/policy.ts';
import { isoTime } from '../../domain/time.ts';
import { checked } from '../../operations/checked.ts';
import { listFreezesBetween } from '../../store/list-freezes-between.ts';
import type { CalendarAnswer } from '../answer-schemas.ts';
import { callerOf, requireRole } from '../caller.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { readPeriod } from '../period.ts';
import { recorded } from '../recorded.ts';
import { exactRouter } from '../router.ts';
import { methodNotAllowed } from '../problem.ts';
import { calendarQuerySchema } from '../schemas.ts';

const day = 86_400_000;
const mostFreezes = 500;
/** How many openings and closings one answer looks for: some 70 µs each for a policy of one window. */
const mostSteps = 10_000;
const mostStepsOfOne = 4_000;

/** `GET /v1/calendar`: freezes, and the windows of the policies in force, as times for drawing. */
export function calendarRoutes(deps: ApiDependencies): Router {
  const { db, policies, refusals, calendar = [], now = Date.now } = deps;
  const router = exactRouter();
  router
    .route('/')
    .get(async (req, res) => {
      const { person } = callerOf(req);
      await recorded(refusals, req, { wanted: { call: 'read the calendar' } }, () =>
        requireRole(person, ...roles),
      );
      const { from, to } = readPeriod(checked(calendarQuerySchema, req.query), {
        beginsAt: now(),
        usualMs: 31 * day,
        mostMs: 62 * day,
      });
      const declared = await listFreezesBetween(db, from, to, mostFreezes + 1);
      const answer: CalendarAnswer = {
        from,
        to,
        freezes: [...calendar, ...declared.slice(0, mostFreezes)].flatMap((freeze) =>
          shownFreeze(freeze, from, to),
        ),
        freezesComplete: declared.length <= mostFreezes,
        windows: await shownWindows(
          policies.current().rules.map(({ policy }) => policy),
          Date.parse(from),
          Date.parse(to),
        ),
      };
      res.json(answer);
    })
    .all(methodNotAllowed('GET'));
  return router;
}

function shownFreeze(freeze: Freeze, from: string, to: string): CalendarAnswer['freezes'] {
  const time = timeOfFreeze(freeze);
  if (time === null || time.from >= to || (time.until !== null && time.until <= from)) return [];
  const { id, operation, scope, reason } = freeze;
  return [{ id, operation, scope, reason, startsAt: time.from, endsAt: time.until }];
}

/** Each policy that has windows, with the times in which one of them is open. */
async function shownWindows(
  policies: readonly PinnedPolicy[],
  from: number,
  to: number,
): Promise<CalendarAnswer['windows']> {
  const some = policies.filter(({ windows }) => windows.length > 0);
  const known = new Map<string, Pick<CalendarAnswer['windows'][number], 'times' | 'upTo' | 'problem'>>();
  const keyOf = ({ windows }: PinnedPolicy) => JSON.stringify(windows);
  const distinct = [...new Map(some.map((policy) => [keyOf(policy), policy.windows]))];
  const share = Math.min(mostStepsOfOne, Math.floor(mostSteps / distinct.length));
  for (const [key, windows] of distinct) {
    const most = Math.max(1, Math.floor(share / windows.length));
    const { times, upTo, problem } = openTimes(windows, from, to, most);
    known.set(key, {
      times: times.map((time) => ({ from: isoTime(time.from), until: isoTime(time.until) })),
      upTo: isoTime(upTo),
      problem,
    });
    // Other requests go on meanwhile.
    await breath();
  }
  return some.flatMap((policy) => {
    const { name, version, digest } = policy;
    const found = known.get(keyOf(policy));
    return found ? [{ policy: name, version, digest, ...found }] : [];
  });
}
