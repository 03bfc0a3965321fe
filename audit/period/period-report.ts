import { z } from 'zod';
import { decisionStatuses, executionStatuses, reviewStatuses } from '../../domain/status.ts';
import { exceptionSchema } from '../exceptions/exception-schema.ts';

const moment = z.iso.datetime({ precision: 3 });
const count = z.int().min(0);
const person = z.strictObject({ issuer: z.string(), subject: z.string(), name: z.string() });

const reportedChange = z.strictObject({
  id: z.string(),
  submittedAt: moment,
  operation: z.string(),
  target: z.string().meta({ description: 'The target’s id.' }),
  label: z.string(),
  requester: person,
  request: z.enum(['signed', 'unsigned', 'vouched']).meta({
    description: 'Whose word the request is: the person’s, signed by the API; nobody’s; a host workflow’s.',
  }),
  host: z.string().nullable(),
  decisions: z.array(
    z.strictObject({
      person,
      decision: z.enum(['approve', 'reject']),
      at: moment,
      channel: z.string().nullable().meta({ description: 'By which it came without a login.' }),
    }),
  ),
  decisionStatus: z.enum(decisionStatuses),
  executionStatus: z.enum(executionStatuses),
  reviewStatus: z.enum(reviewStatuses),
  outcome: z.string().nullable().meta({ description: 'Its code.' }),
  reconciled: z.boolean(),
  requestIds: z.array(z.string()).meta({ description: 'Of its attempts, in their order.' }),
  attempts: count,
  closedAt: moment.nullable(),
  ticket: z.string().nullable(),
  breakGlass: z.boolean(),
  review: z.strictObject({ person, at: moment }).nullable(),
  policy: z.string(),
});
/** One change of a period, as it stands at the period's end. */
export type ReportedChange = z.infer<typeof reportedChange>;

/** What `countersign audit report` tells of a period. */
export const periodReportSchema = z.strictObject({
  from: moment,
  to: moment.meta({ description: 'Excluded.' }),
  timeZone: z.string(),
  log: z.strictObject({
    source: z
      .enum(['pack', 'api'])
      .meta({ description: 'A verified evidence pack, or the API, unverified.' }),
    name: z.string().nullable(),
    entries: count.meta({ description: 'Entries of the period.' }),
  }),
  figures: z.strictObject({
    changes: count.meta({ description: 'Changes that have an entry of the period.' }),
    submitted: count,
    closed: count,
    byDecision: z.partialRecord(z.enum(decisionStatuses), count),
    byExecution: z.partialRecord(z.enum(executionStatuses), count),
    byReview: z.partialRecord(z.enum(reviewStatuses), count),
    attempts: count,
    approved: count.meta({ description: 'Changes that people approved in the period.' }),
    medianWaitMs: count.nullable().meta({ description: 'From submission to their last approval.' }),
  }),
  exceptions: z.array(exceptionSchema),
  changes: z.array(reportedChange),
  notProven: z.array(z.string()),
});
/** See {@link periodReportSchema}. */
export type PeriodReport = z.infer<typeof periodReportSchema>;
