import { Router } from 'express';
import { CountersignError } from '../../domain/error.ts';
import type { Change } from '../../domain/change.ts';
import { getChange } from '../../store/get-change.ts';
import { getChangeByKey } from '../../store/get-change-by-key.ts';
import { getOpenChange } from '../../store/get-open-change.ts';
import { listChanges } from '../../store/list-changes.ts';
import { callerOf, requireRole, seesAll } from '../caller.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { methodNotAllowed } from '../problem.ts';
import { makeRefusalLog } from '../refusal-log.ts';
import { checked, listQuerySchema } from '../schemas.ts';
import { readSubmission } from '../submission.ts';
import { readChange, viewOf } from '../view.ts';

/** `POST /v1/changes`, `GET /v1/changes`, `GET /v1/changes/{id}`. */
export function changeRoutes(deps: ApiDependencies): Router {
  const { db, engine, policy, now = Date.now } = deps;
  const recordRefusal = makeRefusalLog(deps);
  const router = Router();

  router
    .route('/')
    .post(async (req, res) => {
      const { person } = callerOf(req);
      const source = req.ip ?? null;
      const refused = async (error: CountersignError, change: Change | null): Promise<never> => {
        const wanted = {
          operation: String((req.body as { operation?: unknown } | undefined)?.operation).slice(0, 100),
        };
        await recordRefusal({ type: 'request.refused', person, change, wanted, error, source });
        throw error;
      };
      try {
        requireRole(person, 'requester');
      } catch (error) {
        return await refused(error as CountersignError, null);
      }
      const request = readSubmission({
        body: req.body,
        key: req.headers['idempotency-key'],
        person,
        source,
        policy,
        now: now(),
      });

      const answer = async (status: 200 | 201, change: Change): Promise<void> => {
        res.status(status).location(`/v1/changes/${change.id}`);
        res.json(await viewOf(db, change, person, now()));
      };
      /** What Postgres has under the key, if it has it. */
      const known = async (): Promise<Change | null> => {
        if (!request.idempotency) return null;
        const { key, bodyDigest } = request.idempotency;
        const found = await getChangeByKey(db, { issuer: person.issuer, subject: person.subject, key });
        if (found && found.bodyDigest !== bodyDigest) {
          const error = new CountersignError(
            'key_reused',
            'this Idempotency-Key was used with another body',
            {
              errors: [
                { field: 'Idempotency-Key', rule: 'same_body', message: 'was used with another body' },
              ],
              extra: { changeId: found.change.id },
            },
          );
          return await refused(error, found.change);
        }
        return found?.change ?? null;
      };

      const before = await known();
      if (before) return await answer(200, before);
      const open = await getOpenChange(db, request.operation, request.target);
      if (open !== null) return await refused(taken(open), await getChange(db, open));
      try {
        await engine.submit(request);
      } catch (error) {
        if (!(error instanceof CountersignError)) throw error;
        if (error.code !== 'open_change_exists' && error.code !== 'key_reused') {
          throw new CountersignError(error.code, error.message, {
            errors: error.errors,
            extra: { ...error.extra, changeId: request.id },
            cause: error,
          });
        }
        const again = await known();
        if (again) return await answer(200, again);
        return await refused(
          error.code === 'open_change_exists' ? taken(String(error.extra.changeId)) : error,
          null,
        );
      }
      // A racing request with the same key and another body met ours in the workflow: the stored digest decides.
      const change = (await known()) ?? (await getChange(db, request.id));
      if (!change) throw new CountersignError('log_unavailable', 'the change was written and cannot be read');
      return await answer(201, change);
    })
    .get(async (req, res) => {
      const { person } = callerOf(req);
      const { cursor, limit, awaiting, requester, ...filter } = checked(listQuerySchema, req.query);
      const { changes, nextCursor } = await listChanges(
        db,
        {
          ...filter,
          ...(requester === undefined ? {} : { requester: { subject: requester } }),
          ...(awaiting === undefined ? {} : { awaitingPerson: person }),
          ...(seesAll(person) ? {} : { visibleTo: person }),
        },
        cursor ?? null,
        limit,
      );
      res.json({ items: changes, nextCursor });
    })
    .all(methodNotAllowed('GET', 'POST'));

  router
    .route('/:id')
    .get(async (req, res) => {
      const { person } = callerOf(req);
      res.json(await viewOf(db, await readChange(db, req.params.id, person), person, now()));
    })
    .all(methodNotAllowed('GET'));
  return router;
}

function taken(changeId: string): CountersignError {
  return new CountersignError('open_change_exists', `change ${changeId} is open on this target`, {
    errors: [{ field: 'input', rule: 'one_open_change', message: 'the target has an open change' }],
    extra: { changeId },
  });
}
