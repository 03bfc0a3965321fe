import type { Request } from 'express';
import type { Payload } from '@temporalio/common';
import type { PayloadPlace } from '../codec/encrypted-payload.ts';
import type { OwnPayload } from '../codec/payload-reader.ts';
import type { JsonObject } from '../domain/json.ts';
import type { AuditReading } from './audit-reading.ts';
import { callerOf, requireRole } from './caller.ts';
import type { ApiDependencies } from './dependencies.ts';
import type { WirePayload } from './payload-schemas.ts';
import { recorded } from './recorded.ts';
import { makeReadChange } from './view.ts';

/** A look at Temporal's page asks for many payloads one after another: within this time it is recorded once, ms. */
const onceInMs = 600_000;
const mostRemembered = 10_000;

/** Workflows of a change: whoever may read it may read what they say. */
const ofChange = /^(?:change|driver|review)-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/**
 * Decodes payloads for somebody who looks at Temporal. What Countersign has encrypted is decoded for whoever may read its change,
 * or for auditors and operators where it is of no change; other payloads stay as they are. Who has read what is recorded
 * before it is answered.
 */
export function makeDecodePayloads(
  deps: Pick<ApiDependencies, 'db' | 'policies' | 'namespace' | 'refusals' | 'payloads' | 'now'>,
  reading: AuditReading,
) {
  const { namespace, refusals, payloads: reader = null, now = Date.now } = deps;
  const readChange = makeReadChange(deps);
  const lately = new Map<string, number>();

  /** @throws CountersignError `not_found`, `missing_role`, recorded; `log_unavailable` */
  async function admit(req: Request, place: PayloadPlace | null): Promise<void> {
    const { person } = callerOf(req);
    const changeId = place?.namespace === namespace ? ofChange.exec(place.workflowId)?.[1] : undefined;
    const query: JsonObject = {
      payloadsOf: place?.workflowId ?? null,
      ...(changeId === undefined ? {} : { changeId }),
    };
    await recorded(refusals, req, { wanted: { kind: 'payloads', ...query } }, async () => {
      if (changeId === undefined) requireRole(person, 'auditor', 'operator');
      else await readChange(changeId, person);
    });
    const id = JSON.stringify([person.issuer, person.subject, query]);
    if (now() - (lately.get(id) ?? -Infinity) < onceInMs) return;
    await reading.record(req, 'audit.read', query);
    if (lately.size >= mostRemembered) lately.clear();
    lately.set(id, now());
  }

  /**
   * The same payloads, in order.
   * @throws CountersignError `payload_unreadable`, and what `admit` throws
   */
  return async (req: Request, payloads: readonly WirePayload[]): Promise<WirePayload[]> => {
    const named = req.get('x-namespace');
    if (reader === null || (named !== undefined && named !== namespace)) return [...payloads];
    const found: (OwnPayload | null)[] = [];
    for (const payload of payloads) found.push(await reader.read(bytesOf(payload)));
    const places = new Map(found.flatMap((own) => (own ? [[JSON.stringify(own.place), own.place]] : [])));
    for (const place of places.values()) await admit(req, place);
    return payloads.map((payload, at) => {
      const own = found[at];
      return own ? { ...wireOf(own.payload) } : payload;
    });
  };
}

function bytesOf({ metadata, data }: WirePayload): Payload {
  return {
    metadata: Object.fromEntries(
      Object.entries(metadata ?? {}).map(([name, value]) => [name, Buffer.from(value, 'base64')]),
    ),
    data: Buffer.from(data ?? '', 'base64'),
  };
}

function wireOf({ metadata, data }: Payload): WirePayload {
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  return {
    metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([name, value]) => [name, text(value)])),
    data: text(data ?? new Uint8Array()),
  };
}
