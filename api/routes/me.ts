import type { Router } from 'express';
import { isMachine } from '../../domain/person.ts';
import type { Person } from '../../domain/person.ts';
import { isoTime } from '../../domain/time.ts';
import { roleValues } from '../../identity/claims.ts';
import { ownGroups } from '../../policies/own-groups.ts';
import type { MeAnswer } from '../answer-schemas.ts';
import { callerOf } from '../caller.ts';
import { calls } from '../calls.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { exactRouter } from '../router.ts';
import { methodNotAllowed } from '../problem.ts';

/** `GET /v1/me`: who the caller's token says they are, and what their roles let them call. */
export function meRoutes({ policies, claims }: ApiDependencies): Router {
  const router = exactRouter();
  router
    .route('/')
    .get((req, res) => {
      const { person, expiresAt, leftOut = [] } = callerOf(req);
      const answer: MeAnswer = {
        ...person,
        roles: [...person.roles],
        groups: [...person.groups],
        authentication: { ...person.authentication, methods: [...person.authentication.methods] },
        expiresAt: isoTime(expiresAt),
        leftOut: [...leftOut],
        policyGroups: ownGroups(policies.current(), person),
        roleValues: roleValues(claims),
        may: callsOf(person),
      };
      res.json(answer);
    })
    .all(methodNotAllowed('GET'));
  return router;
}

/** The calls that somebody's roles allow; `ownOnly`: on changes that they asked for themselves. */
function callsOf(person: Person): MeAnswer['may'] {
  return calls.flatMap(({ method, path, roles, own = false, peopleOnly = false }) => {
    if (roles === null || (peopleOnly && isMachine(person))) return [];
    const isAllowed = roles === 'any' || roles.some((role) => person.roles.includes(role));
    return isAllowed || own ? [{ method, path, ownOnly: !isAllowed }] : [];
  });
}
