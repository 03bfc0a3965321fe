import type { Router } from 'express';
import type { Request } from 'express';
import { appendEntry } from '../../audit/append.ts';
import type { JsonObject } from '../../domain/json.ts';
import { workflowIdOf } from '../../domain/change.ts';
import { changeMembers, newEntry, personActor } from '../../domain/entry.ts';
import type { EntryDraft, EntryPlace, EventType } from '../../domain/entry.ts';
import { allowed, CountersignError } from '../../domain/error.ts';
import { concerns, isOver, refusalOfOverride } from '../../domain/freeze.ts';
import type { Freeze, FreezeOverride } from '../../domain/freeze.ts';
import { askedOfDirectory } from '../../domain/membership.ts';
import { isoTime } from '../../domain/time.ts';
import { checked } from '../../operations/checked.ts';
import { inTransaction } from '../../store/in-transaction.ts';
import { insertFreezeOverride } from '../../store/insert-freeze-override.ts';
import { insertFreeze } from '../../store/insert-freeze.ts';
import { liftFreeze } from '../../store/lift-freeze.ts';
import { listCallsUnderWay } from '../../store/list-calls-under-way.ts';
import { lockCallGate } from '../../store/lock-call-gate.ts';
import { listFreezeOverrides } from '../../store/list-freeze-overrides.ts';
import { listFreezes } from '../../store/list-freezes.ts';
import { callerOf, requireRole, isConcerned } from '../caller.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { findFreeze } from '../find-freeze.ts';
import { isIntact } from '../intact.ts';
import { freezeDraft, readFreeze, sameFreeze } from '../freeze.ts';
import { recorded } from '../recorded.ts';
import { exactRouter } from '../router.ts';
import { methodNotAllowed } from '../problem.ts';
import { freezeListQuerySchema, freezeOverrideSchema } from '../schemas.ts';
import { findChange, shownCall } from '../view.ts';

/**
 * `/v1/freezes`: an admin declares and lifts them; the people whom a change's policy names let that change run in one. Each act
 * is an entry that this API's key signs.
 */
export function freezeRoutes(deps: ApiDependencies): Router {
  const { db, policies, namespace, refusals, signer, calendar = [], now = Date.now } = deps;

  function entryOf(
    place: Omit<EntryPlace, 'namespace'>,
    type: EventType,
    req: Request,
    time: string,
    members: JsonObject,
  ): EntryDraft {
    const actor = personActor(callerOf(req).person);
    const source = req.ip ?? null;
    return signer.write(newEntry({ namespace, ...place }, { type, time, actor, ...members, source }));
  }

  async function find(id: string): Promise<Freeze> {
    const freeze = await findFreeze(deps, id);
    if (!freeze) throw new CountersignError('not_found', 'there is no such freeze');
    return freeze;
  }

  async function mayRead(req: Request): Promise<void> {
    const { person } = callerOf(req);
    await recorded(refusals, req, { wanted: { call: 'read freezes' } }, () => {
      if (!isConcerned(person)) requireRole(person, 'admin');
    });
  }

  const router = exactRouter();
  router
    .route('/')
    .get(async (req, res) => {
      await mayRead(req);
      const { cursor, limit } = checked(freezeListQuerySchema, req.query);
      const { freezes, nextCursor } = await listFreezes(db, cursor ?? null, limit);
      // The few freezes of the file belong to no page and come first.
      res.json({ items: cursor === undefined ? [...calendar, ...freezes] : freezes, nextCursor });
    })
    .post(async (req, res) => {
      const { person } = callerOf(req);
      await recorded(refusals, req, { wanted: { call: 'declare a freeze' } }, () =>
        requireRole(person, 'admin'),
      );
      const at = now();
      const freeze = readFreeze(deps.operations, req.body, req.headers['idempotency-key'], person, at);
      const { created, callsUnderWay } = await inTransaction(db, async (client) => {
        // After this commit no call begins that the freeze blocks.
        await lockCallGate(client, 'shut');
        const callsUnderWay = (await listCallsUnderWay(client)).filter(({ change }) =>
          concerns(freeze, change),
        );
        if (!(await insertFreeze(client, freeze))) return { created: false, callsUnderWay };
        const place = { of: `freeze-${freeze.id}`, ordinal: 1 };
        const members = { operation: freeze.operation, freeze: freezeDraft(freeze) };
        await appendEntry(client, entryOf(place, 'freeze.declared', req, isoTime(at), members));
        return { created: true, callsUnderWay };
      });
      const kept = created ? freeze : await find(freeze.id);
      await recorded(refusals, req, { wanted: { call: 'declare a freeze', freezeId: kept.id } }, () => {
        if (created || sameFreeze(kept, freeze, req.body)) return;
        throw new CountersignError('key_reused', 'this Idempotency-Key was used with another body', {
          errors: [{ field: 'Idempotency-Key', rule: 'same_body', message: 'was used with another body' }],
        });
      });
      res
        .status(created ? 201 : 200)
        .location(`/v1/freezes/${freeze.id}`)
        .json({ ...kept, callsUnderWay: callsUnderWay.map(shownCall) });
    })
    .all(methodNotAllowed('GET', 'POST'));

  router
    .route('/:id')
    .get(async (req, res) => {
      await mayRead(req);
      res.json(await find(req.params.id));
    })
    .delete(async (req, res, next) => {
      const { person } = callerOf(req);
      const { id } = req.params;
      await recorded(refusals, req, { wanted: { call: 'lift a freeze', freezeId: id } }, () =>
        requireRole(person, 'admin'),
      );
      const freeze = await find(id);
      if (freeze.declaredBy === null) {
        // A freeze of the file can only be removed from the file.
        methodNotAllowed('GET')(req, res, next);
        return;
      }
      const at = now();
      // The freeze was lifted before: the same answer again.
      if (freeze.liftedAt === null) {
        await recorded(refusals, req, { wanted: { call: 'lift a freeze', freezeId: id } }, () => {
          if (isOver(freeze, at)) throw new CountersignError('freeze_ended', `freeze ${id} is over`);
        });
        const { issuer, subject, name } = person;
        await inTransaction(db, async (client) => {
          if (!(await liftFreeze(client, freeze.id, { issuer, subject, name }, isoTime(at)))) return;
          const place = { of: `freeze-${freeze.id}`, ordinal: 1 };
          const members = { operation: freeze.operation, freeze: freezeDraft(freeze) };
          await appendEntry(client, entryOf(place, 'freeze.lifted', req, isoTime(at), members));
        });
      }
      res.json(await find(id));
    })
    .all(methodNotAllowed('GET', 'DELETE'));

  router
    .route('/:id/overrides')
    .post(async (req, res) => {
      const { person } = callerOf(req);
      const { id } = req.params;
      const wanted = { call: 'override a freeze', freezeId: id };
      await recorded(refusals, req, { wanted }, () => requireRole(person, 'approver'));
      const { changeId, digest, comment } = checked(freezeOverrideSchema, req.body);
      const change = await findChange(db, changeId, person);
      const freeze = await find(id);
      const at = now();
      // In the entry, too: whoever verifies the log judges the override by it.
      const directory = askedOfDirectory(change.policy, policies.current().directory.groupsIn(person));
      await recorded(refusals, req, { wanted: { ...wanted, digest }, change }, async () => {
        const said = { person, digest, directory, isIntact: await isIntact(refusals, change) };
        allowed(refusalOfOverride(change, freeze, said, at));
      });
      const { issuer, subject, name } = person;
      const by = { issuer, subject, name };
      const override: FreezeOverride = {
        freezeId: freeze.id,
        changeId: change.id,
        digest,
        by,
        at: isoTime(at),
      };
      const created = await inTransaction(db, async (client) => {
        if (!(await insertFreezeOverride(client, override))) return false;
        const place = { of: workflowIdOf(change.id), ordinal: `${freeze.id}/${digest}` };
        const members = { ...changeMembers(change), comment, freeze: freezeDraft(freeze), directory };
        await appendEntry(client, entryOf(place, 'freeze.overridden', req, override.at, members));
        return true;
      });
      const kept = (await listFreezeOverrides(db, change.id)).find(
        (o) => o.freezeId === freeze.id && o.digest === digest,
      );
      res.status(created ? 201 : 200).json(kept);
    })
    .all(methodNotAllowed('POST'));
  return router;
}
