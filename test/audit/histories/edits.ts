import { requestedRecord } from '../../../audit/verify/change-record.ts';
import { canonicalJson } from '../../../domain/canonical-json.ts';
import type { EntryBody } from '../../../domain/entry.ts';
import type { Json, JsonObject } from '../../../domain/json.ts';
import type { PinnedPolicy } from '../../../domain/policy.ts';
import { policyDigestIn } from '../../../domain/policy-entry.ts';
import { submissionText } from '../../../domain/submission.ts';
import { sha256 } from '../../support/honest.ts';
import type { Random } from './random.ts';

/** A way to tamper with a log. @returns whether it could be done to this one */
export type Tampering = (entries: EntryBody[], random: Random) => boolean;

/** The members of an entry, to be changed. */
export const members = (body: EntryBody) => body as unknown as Record<string, Json>;

/** Changes one entry of the types, picked at random. */
export function edit(
  types: readonly string[],
  change: (body: Record<string, Json>, random: Random, entries: EntryBody[]) => void,
): Tampering {
  return (entries, random) => {
    const places = entries.flatMap(({ type }, i) => (types.includes(type) ? [i] : []));
    if (places.length === 0) return false;
    const at = random.pick(places);
    const body = structuredClone(members(entries[at] as EntryBody));
    change(body, random, entries);
    entries[at] = body as unknown as EntryBody;
    return true;
  };
}

/** Changes what a person said, and whatever of them stands in the entry. */
export function said(
  types: readonly string[],
  change: (statement: Record<string, Json>, random: Random, body: Record<string, Json>) => void,
): Tampering {
  return edit(types, (body, random) => {
    if (body['statement'] == null) return;
    change(body['statement'] as Record<string, Json>, random, body);
  });
}

export const person = (statement: Record<string, Json>) => statement['person'] as Record<string, Json>;
export const decisions = ['decision.approved', 'decision.rejected'];
export const attempts = ['attempt.started'];
export const ends = ['attempt.succeeded', 'attempt.failed', 'attempt.unknown'];
export const words = [
  'change.paused',
  'change.resumed',
  'change.retried',
  'change.withdrawn',
  'change.abandoned',
];
export const stops = ['stop.requested', 'stop.lifted'];
export const people = ['alice', 'erin', 'bob', 'carol', 'frank', 'gina', 'hal', 'olga', 'adam', 'dave'];
export const shift = (random: Random) =>
  random.pick([-26, -3, -1, 1, 3, 26]) * 3_600_000 + random.pick([-1, 0, 1, 240_000, 400_000]);
export const shifted = (time: Json | undefined, ms: number) =>
  typeof time === 'string' && !Number.isNaN(Date.parse(time))
    ? new Date(Date.parse(time) + ms).toISOString()
    : (time ?? null);

/** Has somebody else say what a statement says. */
export function rename(body: Record<string, Json>, statement: Record<string, Json>, subject: string): void {
  statement['person'] = { ...person(statement), subject, name: subject };
  body['actor'] = { ...(body['actor'] as JsonObject), subject, name: subject };
}

/** Makes what a request's statement is signed of that which the request asks for. */
export function signSubmission(body: Record<string, Json>, entries: readonly EntryBody[]): void {
  const request = body as unknown as EntryBody;
  const policies = entries.flatMap(({ pinnedPolicy }) => (pinnedPolicy == null ? [] : [pinnedPolicy]));
  const policy = (policies as unknown as PinnedPolicy[]).find(
    ({ digest }) => digest === policyDigestIn(request),
  );
  if (policy === undefined) return;
  const { asked } = requestedRecord(request, { policy, json: canonicalJson(policy) });
  const digest = sha256(submissionText(asked, body['submittedAt'] as string));
  body['statement'] = { ...(body['statement'] as JsonObject), digest };
}
