import { z } from 'zod';
import type { HostRequest } from '../domain/change.ts';
import type { JsonObject } from '../domain/json.ts';
import { CountersignError } from '../domain/error.ts';

const longestMs = 366 * 86_400_000;
const text = (max: number) =>
  z
    .string()
    .max(max)
    .refine((value) => value.isWellFormed() && !/(?![\t\n\r])\p{Cc}/u.test(value), {
      error: 'must be well-formed text without control characters',
    });
const words = (max: number) => text(max).trim().min(1);
const within = z.number().int().min(1000).max(longestMs).nullable().default(null);

/** What a host may ask for; every other member is refused, a policy above all. */
const hostRequest = z.strictObject({
  id: z.uuid(),
  operation: z.string().max(100),
  input: z.record(z.string(), z.unknown()),
  requester: z.strictObject({ issuer: words(500), subject: words(500) }),
  justification: words(2000),
  ticket: z
    .strictObject({
      system: words(100),
      id: words(200),
      url: z
        .url({ protocol: /^https?$/ })
        .max(2000)
        .nullable()
        .default(null),
    })
    .nullable()
    .default(null),
  decideWithinMs: within,
  executeWithinMs: within,
  tellsTakenUp: z.boolean().default(false),
  submission: z.null().default(null),
});

/**
 * A host's request, checked member by member.
 *
 * @throws CountersignError `invalid_request` naming the first field that is wrong
 */
export function readHostRequest(sent: unknown): HostRequest {
  const unreadable = (sent as { countersignUnreadable?: unknown } | null | undefined)?.countersignUnreadable;
  if (typeof unreadable === 'string') {
    throw invalid(
      `what was sent cannot be read (${unreadable}): our workers have no codec, so wrap yours in plainForChanges`,
    );
  }
  const read = hostRequest.safeParse(sent);
  if (read.success) return { ...read.data, input: read.data.input as JsonObject };
  const [issue] = read.error.issues;
  throw invalid(`${issue?.path.map(String).join('.') || 'the request'}: ${issue?.message ?? 'is not valid'}`);
}

function invalid(message: string): CountersignError {
  return new CountersignError('invalid_request', message);
}
