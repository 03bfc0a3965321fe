import type { Router } from 'express';
import { roles } from '../../domain/person.ts';
import { callerOf, requireRole } from '../caller.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { explainPolicy } from '../policy-explanation.ts';
import { recorded } from '../recorded.ts';
import { exactRouter } from '../router.ts';
import { methodNotAllowed } from '../problem.ts';

/**
 * `POST /v1/policy-explanations`: which policy a change would have if the caller asked for it now, and why. It reads, and is
 * a POST since an input has its place in a body: addresses end up in logs.
 */
export function policyExplanationRoutes(deps: ApiDependencies): Router {
  const router = exactRouter();
  router
    .route('/')
    .post(async (req, res) => {
      const { person } = callerOf(req);
      await recorded(deps.refusals, req, { wanted: { call: 'explain a policy' } }, () =>
        requireRole(person, ...roles),
      );
      res.json(await explainPolicy(deps, person, req.body as unknown));
    })
    .all(methodNotAllowed('POST'));
  return router;
}
