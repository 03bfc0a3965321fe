import type { Request, RequestHandler, Router } from 'express';
import type { Said } from '../../domain/statement.ts';
import { checked } from '../../operations/checked.ts';
import { callerOf } from '../caller.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { exactRouter } from '../router.ts';
import { methodNotAllowed } from '../problem.ts';
import { recorded, speakerOf } from '../recorded.ts';
import { makeSay } from '../say.ts';
import { sayStopWord } from '../stop.ts';
import { decisionSchema, executionSchema, reviewSchema, withdrawalSchema } from '../schemas.ts';
import { makeView, findChange } from '../view.ts';

/** Decisions, withdrawal and execution of a change: each is judged, signed, sent to the workflow and answered from Postgres. */
export function requestRoutes(deps: ApiDependencies): Router {
  const { db, refusals } = deps;
  const view = makeView(deps);
  const { say } = makeSay(deps);

  function handle(read: (body: unknown) => Said): RequestHandler<{ id: string }> {
    return async (req, res) => {
      const speaker = speakerOf(req);
      const asked = read(req.body);
      const change = await findChange(db, req.params.id, speaker.person);
      await say(asked, change, speaker);
      res.json(await view.afterWord(await findChange(db, change.id, speaker.person), speaker.person));
    };
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

  const retry = handle((body) => ({ kind: 'execution', ...checked(executionSchema, body) }));
  const stop = handleStop((body) => ({ kind: 'execution', ...checked(executionSchema, body) }));

  const router = exactRouter({ mergeParams: true });
  router
    .route('/:id/decisions')
    .post(
      handle((body) => {
        const { decision, digest, comment } = checked(decisionSchema, body);
        return { kind: 'decision', action: decision, digest, comment };
      }),
    )
    .delete(handle(() => ({ kind: 'decision_withdrawal', action: 'withdraw', comment: '' })))
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
    .post(handle((body) => ({ kind: 'review', action: 'sign', ...checked(reviewSchema, body) })))
    .all(methodNotAllowed('POST'));
  return router;
}
