import { pipeline } from 'node:stream/promises';
import type { Router } from 'express';
import { openCheckpointOf } from '../../audit/pack/published-checkpoint.ts';
import { earlierCheckpoints, latestCheckpoint } from '../../audit/checkpoints.ts';
import { findEntries } from '../../audit/find-entries.ts';
import { preparePack } from '../../audit/pack/prepare-pack.ts';
import { readSealed } from '../../audit/pack/read-sealed.ts';
import { proveEntry } from '../../audit/prove.ts';
import { formatProof } from '../../audit/tlog-proof.ts';
import { makeTreeReader } from '../../audit/tree-reader.ts';
import type { JsonObject } from '../../domain/json.ts';
import { CountersignError } from '../../domain/error.ts';
import { checked, invalid } from '../../operations/checked.ts';
import { makeAuditReading } from '../audit-reading.ts';
import { auditEntriesQuerySchema, auditExportQuerySchema, indexSchema } from '../audit-schemas.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { momentOf } from '../moment.ts';
import { exactRouter } from '../router.ts';
import { methodNotAllowed } from '../problem.ts';

/** `/v1/audit/…`: the log, for auditors. Each query is an entry of the log before it is answered. */
export function auditRoutes(deps: ApiDependencies): Router {
  const { db, now = Date.now } = deps;
  const reading = makeAuditReading(deps);
  const router = exactRouter();

  /** The newest checkpoint; a log has one soon after its first entry. */
  async function checkpoint() {
    const found = await latestCheckpoint(db);
    if (!found) throw new CountersignError('not_sealed', 'the log has no signed checkpoint yet');
    return found;
  }

  router
    .route('/entries')
    .get(async (req, res) => {
      await reading.allow(req, { action: 'read' });
      const { cursor, limit, ...filter } = checked(auditEntriesQuerySchema, req.query);
      const query = jsonOf({
        ...filter,
        timeFrom: momentOf(filter.timeFrom),
        timeTo: momentOf(filter.timeTo),
      });
      const page = cursor === undefined ? null : pageOf(cursor);
      if (page && !(await reading.isRecorded(req, page.id, query))) {
        throw invalid([
          { field: 'cursor', rule: 'cursor', message: 'expected the nextCursor of a page of this query' },
        ]);
      }
      const id = page?.id ?? (await reading.record(req, 'audit.read', query));
      // One more than the page has tells whether another follows.
      const found = await findEntries(db, { ...filter, ...query }, page?.after ?? -1, limit + 1);
      const items = found.slice(0, limit);
      const last = items.at(-1);
      res.json({
        items: items.map(({ index, key, leafHash, body }) => ({ index, key, leafHash, ...body })),
        nextCursor: last && found.length > limit ? `${last.index}.${id}` : null,
      });
    })
    .all(methodNotAllowed('GET'));

  router
    .route('/entries/:index/proof')
    .get(async (req, res) => {
      await reading.allow(req, { action: 'prove' });
      const index = checked(indexSchema, req.params.index, 'index');
      const head = await checkpoint();
      const proof = formatProof(await proveEntry(db, index, head));
      await reading.record(req, 'audit.read', { proof: index, size: head.size });
      res.type('text/plain').send(proof);
    })
    .all(methodNotAllowed('GET'));

  router
    .route('/checkpoint')
    .get(async (req, res) => {
      await reading.allow(req, { action: 'checkpoint' });
      const { note, size } = await checkpoint();
      await reading.record(req, 'audit.read', { checkpoint: size });
      res.type('text/plain').send(note);
    })
    .all(methodNotAllowed('GET'));

  router
    .route('/export')
    .get(async (req, res) => {
      await reading.allow(req, { action: 'export' });
      const { changeId, from, to, since } = checked(auditExportQuerySchema, req.query);
      const head = openCheckpointOf(await checkpoint());
      const prepared = await preparePack(
        {
          entries: (covers, size) => readSealed(db, covers, size),
          read: makeTreeReader(db),
          earlierCheckpoints: (after, upTo) => earlierCheckpoints(db, after, upTo),
          checkpoint: head,
          verifier: (await deps.verifier()).code,
          now,
        },
        {
          covers:
            changeId === undefined
              ? { kind: 'range', from: from ?? 0, to: to ?? null }
              : { kind: 'change', changeId },
          since: since ?? null,
        },
      );
      const { covers, counts } = prepared.manifest;
      await reading.record(req, 'audit.exported', {
        ...covers,
        size: head.size,
        since: since ?? null,
        entries: counts.entries,
      });
      const name =
        covers.kind === 'change' ? `change-${covers.changeId}` : `entries-${covers.from}-${covers.to}`;
      res.type('application/gzip');
      res.setHeader('Content-Disposition', `attachment; filename="countersign-${name}.tgz"`);
      if (req.method === 'HEAD') {
        res.end();
        return;
      }
      // Too late for a problem: a pack that breaks off half-way is no valid archive, and its reader sees that.
      await pipeline(prepared.stream(), res).catch((error: unknown) => {
        req.log.warn({ err: error as Error }, 'an export broke off');
        res.destroy();
      });
    })
    .all(methodNotAllowed('GET'));
  return router;
}

/** A place in the pages of a recorded query: `<last index>.<id of the query>`. */
function pageOf(cursor: string): { after: number; id: string } {
  const [after, id = ''] = cursor.split('.');
  return { after: Number(after), id };
}

/** Only what was given: the query as it is recorded. */
function jsonOf(query: Readonly<Record<string, string | number | undefined>>): JsonObject {
  return Object.fromEntries(
    Object.entries(query).filter((member): member is [string, string | number] => member[1] !== undefined),
  );
}
