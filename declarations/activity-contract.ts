import { z } from 'zod';
import { canonicalJson } from '../domain/canonical-json.ts';
import type { JsonObject } from '../domain/json.ts';
import { refusalCodeFault } from '../domain/own-codes.ts';

/** JSON without fractions, so that it has one digest for everybody. */
const jsonObject = (what: string) =>
  z
    .custom<JsonObject>(
      (value) => {
        if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
        try {
          canonicalJson(value);
          return true;
        } catch {
          return false;
        }
      },
      { error: 'expected a JSON object, its numbers whole' },
    )
    .meta({ type: 'object', description: what });

const requestId = z
  .string()
  .min(1)
  .meta({ description: "The service's own id of the request; where it has none, one of the worker's." });

/** What the activity of a declared operation that reads the target answers. */
export const readAnswerSchema = z
  .strictObject({
    requestId,
    snapshot: jsonObject('The target as it was read, for people; null where there is none.').nullable(),
    refusal: z
      .strictObject({
        code: z
          .string()
          .min(1)
          .max(200)
          .refine((code) => refusalCodeFault(code) === null, {
            error: ({ input }) => refusalCodeFault(String(input)) ?? '',
          })
          .meta({
            description: 'A stable word of the operation’s own; none by which Countersign ends a change.',
          }),
        message: z.string().min(1).max(500).meta({ description: 'For the requester.' }),
      })
      .nullable()
      .meta({
        description: 'Why the target makes the change pointless or impossible; null where it does not.',
      }),
    achieved: z.boolean().meta({ description: 'Whether the target is already as the call leaves it.' }),
    identity: jsonObject('The part of the snapshot that the call does not change: another one is drift.'),
  })
  .meta({
    description: 'The answer of the activity that reads the target. The same target has the same answer.',
  });

/** What the activity of a declared operation that makes the call answers. */
export const callAnswerSchema = z
  .strictObject({
    requestId,
    output: jsonObject('What the operation describes; absent where it describes nothing.').optional(),
  })
  .meta({ description: 'The answer of the activity that makes the call, where it succeeded.' });

/** The first detail of a failure of either; every member may be absent. */
export const failureDetailSchema = z
  .object({
    requestId: requestId.optional(),
    httpStatus: z.int().min(100).max(599).optional().meta({ description: 'Of the answer of the service.' }),
    retryAfterMs: z
      .int()
      .min(1)
      .max(86_400_000)
      .optional()
      .meta({ description: 'No repeat earlier than so many milliseconds.' }),
  })
  .meta({ description: 'The first detail of the failure of either activity.' });

/** The argument of both. */
export const stepRequestSchema = z
  .object({
    changeId: z.uuid().meta({ description: 'The change that it is for.' }),
    operation: z.string().meta({ description: 'The name of the operation.' }),
    version: z.string().meta({ description: 'The version of the operation that the change has pinned.' }),
    input: jsonObject('What was asked for, by the schema of the operation.'),
    notAfter: z.int().meta({ description: 'Milliseconds since 1970: after it nothing is sent.' }),
  })
  .meta({ description: 'The argument of the activities of a declared operation. More members may come.' });

/** What was read of a target: the snapshot of a change of a declared operation. */
export type TargetRead = Omit<z.output<typeof readAnswerSchema>, 'requestId'>;
