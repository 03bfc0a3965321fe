import { z } from 'zod';
import { appenderOfType } from '../../domain/entry.ts';
import type { EventType } from '../../domain/entry.ts';
import { exceptionKinds } from '../exceptions/exception.ts';
import { exceptionSchema } from '../exceptions/exception-schema.ts';
import { resultOfKind } from './finding.ts';
import type { FindingKind } from './finding.ts';
import type { Verdict } from './verdict.ts';

const count = z.int().min(0);
const moment = z.string().meta({ description: 'ISO 8601, UTC.' });
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** What `countersign audit verify --json` prints. The verifier itself does without it: a pack's is one small file. */
export const verdictSchema = z.strictObject({
  result: z.enum(['valid', 'tampered', 'incomplete']),
  findings: z
    .array(
      z.strictObject({
        kind: z.enum(Object.keys(resultOfKind) as [FindingKind, ...FindingKind[]]),
        code: z.string().exactOptional(),
        index: z.int().nullable(),
        message: z.string(),
      }),
    )
    .meta({ description: 'The first hundred.' }),
  findingCount: count,
  exceptions: z
    .strictObject({
      counts: z.partialRecord(z.enum(exceptionKinds), count),
      listed: z.array(exceptionSchema).meta({ description: 'Of each kind the first twenty.' }),
    })
    .meta({ description: 'What breaks no rule and should be looked at first.' }),
  firstBadIndex: z.int().nullable(),
  covers: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('range'), from: count, to: count }),
      z.strictObject({ kind: z.literal('change'), changeId: z.string() }),
    ])
    .nullable(),
  checkpoint: z
    .strictObject({
      origin: z.string(),
      size: count,
      root: sha256,
      witnesses: z.array(z.strictObject({ name: z.string(), time: moment.nullable() })),
    })
    .nullable(),
  freshness: z
    .strictObject({
      cosignedAt: moment.nullable(),
      at: moment,
      ageSeconds: z.int().nullable(),
      maxAgeSeconds: z.number().nullable(),
    })
    .nullable(),
  checked: z.strictObject({
    entries: count,
    changes: count,
    statements: count,
    written: count,
    unsigned: z.partialRecord(z.enum(Object.keys(appenderOfType) as [EventType, ...EventType[]]), count),
    hostVouched: count,
    datedBeforeWitness: z.strictObject({ count, indexes: z.array(count) }),
    since: count.nullable(),
    policies: count.nullable(),
  }),
  rotations: z
    .array(
      z.strictObject({
        index: count,
        use: z.enum(['statement', 'log', 'witness']),
        before: z.string(),
        after: z.string(),
        ends: z.boolean(),
      }),
    )
    .describe(
      'Keys that your file does not have and that were trusted since another key named them in that entry; `ends`: which ended there.',
    ),
  openChanges: z.array(z.strictObject({ changeId: z.string(), openAttempts: z.array(z.int()) })),
  openChangeCount: count,
  carriedVerifier: sha256.nullable(),
  notProven: z.array(z.string()),
}) satisfies z.ZodType<Verdict>;
