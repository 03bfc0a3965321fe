import { z } from 'zod';
import type { HostRequest } from '../domain/change.ts';
import { longestMs } from '../domain/duration.ts';
import type { JsonObject } from '../domain/json.ts';
import { CountersignError } from '../domain/error.ts';
import { protoMemberIn } from '../domain/proto-member.ts';
import { text, words } from '../domain/text-schema.ts';
import { unreadableIn } from '../domain/unreadable.ts';
import { asked, ticket } from '../operations/change-request.ts';

const within = z.int().min(1000).max(longestMs).nullable().default(null);

/** What a host may ask for; every other member is refused, a policy above all. */
const hostRequest = z.strictObject({
  id: z.uuid().lowercase(),
  operation: asked.operation,
  operationVersion: words(32).nullable().default(null),
  input: asked.input,
  requester: z.strictObject({ issuer: words(500), subject: words(500) }),
  justification: asked.justification,
  ticket: z
    .strictObject({ system: ticket.system, id: ticket.id, url: ticket.url.nullable().default(null) })
    .nullable()
    .default(null),
  decideWithinMs: within,
  executeWithinMs: within,
  // As it is: the change's id is made of it.
  key: text(200).min(1).nullable().default(null),
  tellsOpened: z.boolean().default(false),
  submission: z.null().default(null),
});

/**
 * A host's request, checked member by member.
 *
 * @throws CountersignError `invalid_request` naming the first field that is wrong
 */
export function readHostRequest(sent: unknown): HostRequest {
  const unreadable = unreadableIn(sent);
  if (unreadable !== null) throw invalid(`the request cannot be read: ${unreadable}`);
  const proto = protoMemberIn(sent);
  if (proto !== null) throw invalid(`${proto.slice(0, 500)}: no such field`);
  const read = hostRequest.safeParse(sent);
  if (read.success) return { ...read.data, input: read.data.input as JsonObject };
  const [issue] = read.error.issues;
  throw invalid(`${issue?.path.map(String).join('.') || 'the request'}: ${issue?.message ?? 'is not valid'}`);
}

function invalid(message: string): CountersignError {
  return new CountersignError('invalid_request', message);
}
