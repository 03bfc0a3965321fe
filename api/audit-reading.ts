import { randomUUID } from 'node:crypto';
import type { Request } from 'express';
import { appendEntry } from '../audit/append.ts';
import { findEntry } from '../audit/find-entry.ts';
import { canonicalJson } from '../domain/canonical-json.ts';
import type { JsonObject } from '../domain/json.ts';
import { entryKey, newEntry, personActor } from '../domain/entry.ts';
import { isoTime } from '../domain/time.ts';
import { callerOf, requireRole } from './caller.ts';
import type { ApiDependencies } from './dependencies.ts';
import { recorded } from './recorded.ts';

/** Records in the log who has read what of it. */
export interface AuditReading {
  /**
   * The auditor who calls; anybody else's attempt is recorded.
   * @throws CountersignError `missing_role`, `log_unavailable`
   */
  allow(req: Request, wanted: JsonObject): Promise<void>;
  /**
   * Records a query before it is answered, signed by this API's key.
   * @returns its id, by which its further pages are known
   * @throws CountersignError `log_unavailable`: then it is not answered
   */
  record(req: Request, type: 'audit.read' | 'audit.exported', query: JsonObject): Promise<string>;
  /** Whether this caller's query with this id was recorded, and was this one. */
  isRecorded(req: Request, id: string, query: JsonObject): Promise<boolean>;
}

/** See {@link AuditReading}. */
export function makeAuditReading(
  deps: Pick<ApiDependencies, 'db' | 'namespace' | 'refusals' | 'signer' | 'now'>,
): AuditReading {
  const { db, namespace, refusals, signer, now = Date.now } = deps;
  const placeOf = (id: string) => ({ namespace, of: '-', ordinal: id });
  return {
    async allow(req, wanted) {
      const { person } = callerOf(req);
      await recorded(refusals, req, { wanted: { kind: 'audit', ...wanted } }, () =>
        requireRole(person, 'auditor'),
      );
    },
    async record(req, type, query) {
      const id = randomUUID();
      const { changeId } = query;
      await appendEntry(
        db,
        signer.write(
          newEntry(placeOf(id), {
            type,
            time: isoTime(now()),
            // The readers of a change see who else has read it.
            changeId: typeof changeId === 'string' ? changeId : null,
            actor: personActor(callerOf(req).person),
            query,
            source: req.ip ?? null,
          }),
        ),
      );
      return id;
    },
    async isRecorded(req, id, query) {
      const { issuer, subject } = callerOf(req).person;
      const body = await findEntry(db, entryKey(placeOf(id), 'audit.read'));
      return (
        body !== null &&
        body.actor.issuer === issuer &&
        body.actor.subject === subject &&
        canonicalJson(body.query) === canonicalJson(query)
      );
    },
  };
}
