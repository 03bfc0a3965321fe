import type { Router } from 'express';
import { mayRead } from '../../domain/reading.ts';
import { encodeCursor } from '../../store/change-cursor.ts';
import { listChanges } from '../../store/list-changes.ts';
import type { ChangeFilter } from '../../store/list-changes.ts';
import { callerOf, isConcerned } from '../caller.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { exactRouter } from '../router.ts';
import { methodNotAllowed } from '../problem.ts';
import { readListQuery } from '../list-query.ts';
import { makeSubmit } from '../submit.ts';
import { isAwaitedOf, makeReadChange, makeView } from '../view.ts';
import { listReadable } from '../list-readable.ts';
import { listedChange } from '../listed-change.ts';
import type { ListedChange } from '../change-view.ts';
import { momentOf } from '../moment.ts';

/** `POST /v1/changes`, `GET /v1/changes`, `GET /v1/changes/{id}`. */
export function changeRoutes(deps: ApiDependencies): Router {
  const { db, policies, refusals, now = Date.now } = deps;
  const submit = makeSubmit(deps);
  const view = makeView(deps);
  const readChange = makeReadChange(deps);
  const router = exactRouter();

  router
    .route('/')
    .post(async (req, res) => {
      const { person } = callerOf(req);
      const key = req.headers['idempotency-key'];
      const { created, change } = await submit({
        person,
        body: req.body as unknown,
        key,
        source: req.ip ?? null,
      });
      const shown = await view(change, person);
      res
        .status(created ? 201 : 200)
        .location(shown.links.self)
        .json(shown);
    })
    .get(async (req, res) => {
      const { person } = callerOf(req);
      const { cursor, limit, awaiting, requester, decidedBy, submittedFrom, submittedTo, ...filter } =
        readListQuery(req.query);
      if (awaiting === 'me' && !person.roles.includes('approver')) {
        res.json({ items: [], nextCursor: null });
        return;
      }
      const { directory } = policies.current();
      const at = now();
      const wanted: ChangeFilter = {
        ...filter,
        submittedFrom: momentOf(submittedFrom),
        submittedTo: momentOf(submittedTo),
        ...(requester === undefined ? {} : { requester: { subject: requester } }),
        ...(decidedBy === undefined ? {} : { decidedBy: person }),
        ...(awaiting === undefined
          ? {}
          : { awaitingPerson: { ...person, directory: directory.groupsIn(person), now: at } }),
        ...(isConcerned(person) ? {} : { visibleTo: person }),
      };
      const { changes, nextCursor } = await listReadable(
        (place, most) => listChanges(db, wanted, place, most),
        (change) =>
          mayRead(change, person, directory.groupsIn, at) &&
          (awaiting === undefined || isAwaitedOf(change, person, directory, at)),
        encodeCursor,
        cursor ?? null,
        limit,
      );
      const items: ListedChange[] = [];
      // One after another: what differs is recorded.
      for (const change of changes) items.push(await listedChange(refusals, change));
      res.json({ items, nextCursor });
    })
    .all(methodNotAllowed('GET', 'POST'));

  router
    .route('/:id')
    .get(async (req, res) => {
      const { person } = callerOf(req);
      res.json(await view(await readChange(req.params.id, person), person));
    })
    .all(methodNotAllowed('GET'));
  return router;
}
