import { Router } from 'express';
import type { RequestHandler } from 'express';
import type { Change } from '../../domain/change.ts';
import { judgeDecision, judgeTakeBack } from '../../domain/decision.ts';
import { CountersignError } from '../../domain/error.ts';
import { judgeExecution, judgeWithdrawal } from '../../domain/execution.ts';
import { directoryOf } from '../../domain/membership.ts';
import type { DirectoryMembership, Person } from '../../domain/person.ts';
import { mayRead } from '../../domain/reading.ts';
import { judgeReview } from '../../domain/review.ts';
import type { Statement } from '../../domain/statement.ts';
import { isoTime } from '../../domain/time.ts';
import { callerOf } from '../caller.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { assertIntact } from '../intact.ts';
import { methodNotAllowed } from '../problem.ts';
import { recorded } from '../recorded.ts';
import { checked, decisionSchema, executionSchema, reviewSchema, withdrawalSchema } from '../schemas.ts';
import { makeView, findChange } from '../view.ts';

/** What somebody wants of a change, before it is signed. */
interface Wanted {
  readonly kind: Statement['kind'];
  readonly action: Statement['action'];
  readonly comment: string;
  readonly digest: string | null;
  /** What the directory says of them, where the change's policy asks it. */
  readonly directory?: readonly DirectoryMembership[];
}

/** Decisions, withdrawal and execution of a change: each is judged, signed, sent to the workflow and answered from Postgres. */
export function requestRoutes(deps: ApiDependencies): Router {
  const { db, engine, signer, policies, refusals, now = Date.now } = deps;
  const view = makeView(deps);

  function handle(
    read: (body: unknown) => Wanted,
    judge: (change: Change, person: Person, wanted: Wanted) => 'new' | 'repeated',
  ): RequestHandler<{ id: string }> {
    return async (req, res) => {
      const { person } = callerOf(req);
      const asked = read(req.body);
      const change = await findChange(db, req.params.id, person);
      const { groupsIn } = policies.current().directory;
      const said = asked.kind === 'decision' ? directoryOf(change, person, isoTime(now()), groupsIn) : [];
      const wanted = { ...asked, ...(said.length > 0 ? { directory: said } : {}) };
      const source = req.ip ?? null;
      const { kind, action, digest } = wanted;
      const type = kind.startsWith('decision') ? 'decision.refused' : 'request.refused';
      await recorded(refusals, req, { type, change, wanted: { kind, action, digest } }, async () => {
        // Who says something of what they were shown must have been shown what it is. A word to stop is taken all the same.
        if (kind === 'decision' || kind === 'review') await assertIntact(refusals, change);
        // Who may not read it learns nothing of it by deciding.
        if (asked.kind.startsWith('decision') && !mayRead(change, person, groupsIn, now())) {
          throw new CountersignError('not_an_approver', 'the change awaits no decision of yours');
        }
        if (judge(change, person, wanted) === 'new') {
          const { comment, directory } = wanted;
          const statement: Statement = {
            v: 1,
            kind,
            changeId: change.id,
            person,
            action,
            comment,
            digest,
            round: change.round,
            at: isoTime(now()),
            ...(directory ? { directory } : {}),
          };
          await engine.send({ signed: signer.sign(statement), source }).catch(async (error: unknown) => {
            if (!(error instanceof CountersignError) || error.code !== 'change_closed') throw error;
            // The workflow ended since the change was read: what is stored now says why, or that this came through.
            if (judge(await findChange(db, change.id, person), person, wanted) === 'new') throw error;
          });
          // Two reviews at once meet in one workflow: what is stored says whose it is.
          if (kind === 'review') judge(await findChange(db, change.id, person), person, wanted);
        }
      });
      res.json(await view.afterWord(await findChange(db, change.id, person), person));
    };
  }

  const router = Router({ mergeParams: true });
  router
    .route('/:id/decisions')
    .post(
      handle(
        (body) => {
          const { decision, digest, comment } = checked(decisionSchema, body);
          return { kind: 'decision', action: decision, digest, comment };
        },
        (change, person, { action, digest, comment, directory }) =>
          judgeDecision(
            change,
            {
              decision: action === 'approve' ? 'approve' : 'reject',
              digest: digest ?? '',
              person,
              comment,
              ...(directory ? { directory } : {}),
            },
            now(),
          ),
      ),
    )
    .delete(
      handle(
        () => ({ kind: 'decision_withdrawal', action: 'withdraw', digest: null, comment: '' }),
        (change, person) => {
          judgeTakeBack(change, person, now());
          return 'new';
        },
      ),
    )
    .all(methodNotAllowed('POST', 'DELETE'));
  router
    .route('/:id/withdrawal')
    .post(
      handle(
        (body) => ({
          kind: 'withdrawal',
          action: 'withdraw',
          digest: null,
          ...checked(withdrawalSchema, body),
        }),
        (change, person) => {
          judgeWithdrawal(change, person, false);
          return 'new';
        },
      ),
    )
    .all(methodNotAllowed('POST'));
  router
    .route('/:id/execution')
    .post(
      handle(
        (body) => ({ kind: 'execution', digest: null, ...checked(executionSchema, body) }),
        (change, person, { action }) => {
          // Whether a call was made, the workflow knows.
          judgeExecution(change, action as 'pause', person, true);
          return 'new';
        },
      ),
    )
    .all(methodNotAllowed('POST'));
  router
    .route('/:id/review')
    .post(
      handle(
        (body) => ({ kind: 'review', action: 'sign', digest: null, ...checked(reviewSchema, body) }),
        (change, person) => {
          if (!mayRead(change, person, policies.current().directory.groupsIn, now())) {
            throw new CountersignError('forbidden', 'who may not read a change may not review it');
          }
          return judgeReview(change, person);
        },
      ),
    )
    .all(methodNotAllowed('POST'));
  return router;
}
