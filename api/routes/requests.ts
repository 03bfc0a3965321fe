import type { Request, RequestHandler, Router } from 'express';
import type { Change, SignedRequest } from '../../domain/change.ts';
import { refusalOfEvent } from '../../domain/change-event.ts';
import { decide, wantedBy } from '../../domain/decide.ts';
import { judgeDecision, refusalToTakeBack } from '../../domain/decision.ts';
import { allowed, CountersignError } from '../../domain/error.ts';
import { directoryOf } from '../../domain/membership.ts';
import type { Person } from '../../domain/person.ts';
import { mayRead } from '../../domain/reading.ts';
import { judgeReview } from '../../domain/review.ts';
import { newStatement } from '../../domain/statement.ts';
import type { Said, SaidOf } from '../../domain/statement.ts';
import { hasStopped, judgeWord } from '../../domain/stop.ts';
import { isoTime } from '../../domain/time.ts';
import { callerOf } from '../caller.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { assertIntact } from '../intact.ts';
import { exactRouter } from '../router.ts';
import { methodNotAllowed } from '../problem.ts';
import { recorded } from '../recorded.ts';
import { readStanding, sayStopWord } from '../stop.ts';
import { refuseUnsealed } from '../sealed.ts';
import { checked, decisionSchema, executionSchema, reviewSchema, withdrawalSchema } from '../schemas.ts';
import { makeView, findChange } from '../view.ts';

/** Whether the request would change anything. */
type Verdict = 'new' | 'repeated';

/** Why what somebody said could not be written down; null when it could, and where there is nothing to write. */
function refusalOfRecord(change: Change, request: SignedRequest, now: number): CountersignError | null {
  const verdict = decide(change, { kind: 'request', request }, { now });
  const [event] = 'events' in verdict ? verdict.events : [];
  return event ? refusalOfEvent(change, event) : null;
}

/** Decisions, withdrawal and execution of a change: each is judged, signed, sent to the workflow and answered from Postgres. */
export function requestRoutes(deps: ApiDependencies): Router {
  const { db, engine, signer, policies, refusals, unsealedLimitSeconds, now = Date.now } = deps;
  const view = makeView(deps);

  function handle<S extends Said>(
    read: (body: unknown) => S,
    judge: (change: Change, person: Person, wanted: S) => Verdict | Promise<Verdict>,
  ): RequestHandler<{ id: string }> {
    return async (req, res) => {
      const { person } = callerOf(req);
      const asked = read(req.body);
      const change = await findChange(db, req.params.id, person);
      const { groupsIn } = policies.current().directory;
      const said = asked.kind === 'decision' ? directoryOf(change, person, isoTime(now()), groupsIn) : [];
      const wanted: S = said.length > 0 ? { ...asked, directory: said } : asked;
      const source = req.ip ?? null;
      const { kind, action, digest = null } = wanted;
      const type = kind.startsWith('decision') ? 'decision.refused' : 'request.refused';
      await recorded(refusals, req, { type, change, wanted: { kind, action, digest } }, async () => {
        // A person decides or reviews what they were shown, so it must be what is stored. A word to stop is accepted anyway.
        if (kind === 'decision' || kind === 'review') await assertIntact(refusals, change);
        // A person who may not read the change must not learn of it by deciding.
        if (asked.kind.startsWith('decision') && !mayRead(change, person, groupsIn, now())) {
          throw new CountersignError('not_an_approver', 'the change awaits no decision of yours');
        }
        if (asked.kind.startsWith('decision')) await assertGoesOn(change.id);
        if ((await judge(change, person, wanted)) === 'new') {
          if (kind === 'decision' && action === 'approve') await refuseUnsealed(db, unsealedLimitSeconds);
          const statement = newStatement(wanted, change, person, isoTime(now()));
          const request = { signed: signer.sign(statement), source };
          allowed(refusalOfRecord(change, request, now()));
          await engine.send(request).catch(async (error: unknown) => {
            if (!(error instanceof CountersignError) || error.code !== 'change_closed') throw error;
            // The workflow has ended since the change was read: the stored change says why, or that this request came through.
            if ((await judge(await findChange(db, change.id, person), person, wanted)) === 'new') throw error;
          });
          // Two reviews at once meet in one workflow: the stored review says who signed it.
          if (kind === 'review') await judge(await findChange(db, change.id, person), person, wanted);
        }
      });
      res.json(await view.afterWord(await findChange(db, change.id, person), person));
    };
  }

  /** Refuses a decision on a change that was stopped for good, also when its workflow does not know yet. */
  async function assertGoesOn(id: string): Promise<void> {
    const { standing } = await readStanding(db, id);
    if (standing === 'revoked') throw new CountersignError('policy_revoked', 'the policy was revoked');
    if (hasStopped(standing)) {
      throw new CountersignError('already_stopped', `the change was stopped for good before: ${standing}`);
    }
  }

  /** Words that stop a change, or have it go on after a pause. */
  function handleStop(read: (body: unknown) => Said): RequestHandler<{
    id: string;
  }> {
    return async (req, res) => {
      const { person } = callerOf(req);
      const said = read(req.body);
      const change = await findChange(db, req.params.id, person);
      const wanted = { kind: said.kind, action: said.action, digest: null };
      await recorded(refusals, req, { change, wanted }, () =>
        sayStopWord(deps, change.id, person, said, req.ip ?? null),
      );
      res.json(await view.afterWord(await findChange(db, change.id, person), person));
    };
  }

  const retry = handle(
    (body) => ({ kind: 'execution', ...checked(executionSchema, body) }),
    async ({ id }, person): Promise<Verdict> => {
      allowed(judgeWord(await readStanding(db, id), 'retry', person));
      return 'new';
    },
  );
  const stop = handleStop((body) => ({ kind: 'execution', ...checked(executionSchema, body) }));

  const router = exactRouter({ mergeParams: true });
  router
    .route('/:id/decisions')
    .post(
      handle(
        (body): SaidOf<'decision'> => {
          const { decision, digest, comment } = checked(decisionSchema, body);
          return { kind: 'decision', action: decision, digest, comment };
        },
        (change, person, said) => allowed(judgeDecision(change, wantedBy(said, person), now())),
      ),
    )
    .delete(
      handle(
        () => ({ kind: 'decision_withdrawal', action: 'withdraw', comment: '' }),
        (change, person) => {
          allowed(refusalToTakeBack(change, person, now()));
          return 'new';
        },
      ),
    )
    .all(methodNotAllowed('POST', 'DELETE'));
  router
    .route('/:id/withdrawal')
    .post(
      handleStop((body) => ({ kind: 'withdrawal', action: 'withdraw', ...checked(withdrawalSchema, body) })),
    )
    .all(methodNotAllowed('POST'));
  router
    .route('/:id/execution')
    .post((req: Request<{ id: string }>, res, next) => {
      const { action } = checked(executionSchema, req.body);
      return (action === 'retry' ? retry : stop)(req, res, next);
    })
    .all(methodNotAllowed('POST'));
  router
    .route('/:id/review')
    .post(
      handle(
        (body) => ({ kind: 'review', action: 'sign', ...checked(reviewSchema, body) }),
        (change, person) => {
          if (!mayRead(change, person, policies.current().directory.groupsIn, now())) {
            throw new CountersignError('forbidden', 'only somebody who may read a change may review it');
          }
          return allowed(judgeReview(change, person));
        },
      ),
    )
    .all(methodNotAllowed('POST'));
  return router;
}
