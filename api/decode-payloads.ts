import type { Request } from 'express';
import type { Payload } from '@temporalio/common';
import type { PayloadPlace } from '../codec/encrypted-payload.ts';
import type { PayloadReader } from '../codec/payload-reader.ts';
import { CountersignError } from '../domain/error.ts';
import type { JsonObject } from '../domain/json.ts';
import { getChange } from '../store/get-change.ts';
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

/** Temporal's longest id of a workflow, without controls. */
const workflowId = /^\P{Cc}{1,1000}$/u;

/**
 * Decodes payloads for somebody who looks at Temporal. What Countersign has encrypted is decoded for whoever may read its change,
 * or for auditors and operators where it is of no change; other payloads, of another namespace or installation, or that cannot be
 * read stay as they are. Who has read what is recorded before it is answered.
 */
export function makeDecodePayloads(
  deps: Pick<ApiDependencies, 'db' | 'policies' | 'namespace' | 'refusals' | 'payloads' | 'now'>,
  reading: AuditReading,
) {
  const { namespace, refusals, payloads: reader = null, now = Date.now } = deps;
  const readChange = makeReadChange(deps);
  const lately = new Map<string, number>();

  const queryOf = (place: PayloadPlace | null): JsonObject => {
    const changeId = changeOf(place);
    return { payloadsOf: place?.workflowId ?? null, ...(changeId === undefined ? {} : { changeId }) };
  };

  /** @throws CountersignError `not_found`, `missing_role`, recorded */
  async function admit(req: Request, place: PayloadPlace | null): Promise<void> {
    const { person } = callerOf(req);
    const changeId = changeOf(place);
    await recorded(refusals, req, { wanted: { kind: 'payloads', ...queryOf(place) } }, async () => {
      if (changeId === undefined) requireRole(person, 'auditor', 'operator');
      else await readChange(changeId, person);
    });
  }

  /** @throws CountersignError `log_unavailable` */
  async function record(req: Request, place: PayloadPlace | null): Promise<void> {
    const { person } = callerOf(req);
    const query = queryOf(place);
    const id = JSON.stringify([person.issuer, person.subject, query]);
    if (now() - (lately.get(id) ?? -Infinity) < onceInMs) return;
    await reading.record(req, 'audit.read', query);
    if (lately.size >= mostRemembered) lately.clear();
    lately.set(id, now());
  }

  /** Whether this installation can say who may read it: another one's change is unknown here. */
  const isOwn = async (place: PayloadPlace | null): Promise<boolean> => {
    const changeId = changeOf(place);
    return changeId === undefined || (await getChange(deps.db, changeId)) !== null;
  };

  /**
   * The same payloads, in order. Rights are asked, and looks recorded, of what was decrypted alone: until then nobody knows whether the
   * place that a payload names is its own, and a refusal would tell whoever has made one up that the change is there.
   *
   * @throws CountersignError what `admit` and `record` throw
   */
  return async (req: Request, payloads: readonly WirePayload[]): Promise<WirePayload[]> => {
    const named = req.get('x-namespace');
    if (reader === null || (named !== undefined && named !== namespace)) return [...payloads];
    const opened: (Opened | null)[] = [];
    for (const wire of payloads) opened.push(await open(reader, bytesOf(wire), namespace));
    const own = new Set<string>();
    for (const place of distinct(opened.flatMap((one) => one ?? []))) {
      if (!(await isOwn(place))) continue;
      await admit(req, place);
      own.add(JSON.stringify(place));
    }
    const shown = opened.map((one) => (one !== null && own.has(JSON.stringify(one.place)) ? one : null));
    for (const place of distinct(shown.flatMap((one) => one ?? []))) await record(req, place);
    return payloads.map((payload, at) => {
      const one = shown[at];
      return one ? wireOf(one.plain) : payload;
    });
  };
}

/** A payload as it was before it was encrypted, and where it belongs. */
interface Opened {
  readonly plain: Payload;
  readonly place: PayloadPlace | null;
}

/** Null where it is of another encoding or namespace, was altered, or is under a key that this process lacks. */
async function open(reader: PayloadReader, payload: Payload, namespace: string): Promise<Opened | null> {
  const claim = reader.claimOf(payload);
  if (claim === null || !canBeHere(claim.place, namespace)) return null;
  const plain = await readable(reader, payload);
  return plain && { plain, place: claim.place };
}

/** The change of a workflow; undefined where it is of none. */
function changeOf(place: PayloadPlace | null): string | undefined {
  return ofChange.exec(place?.workflowId ?? '')?.[1];
}

/** Whether a workflow of this namespace can have it. */
function canBeHere(place: PayloadPlace | null, namespace: string): boolean {
  return place === null || (place.namespace === namespace && workflowId.test(place.workflowId));
}

/** Each place once. */
function distinct(opened: readonly Opened[]): (PayloadPlace | null)[] {
  return [...new Map(opened.map(({ place }) => [JSON.stringify(place), place])).values()];
}

/** Null where it was altered, or is under a key that this process lacks. */
async function readable(reader: PayloadReader, payload: Payload): Promise<Payload | null> {
  try {
    return await reader.read(payload);
  } catch (error) {
    if (error instanceof CountersignError && error.code === 'payload_unreadable') return null;
    throw error;
  }
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
