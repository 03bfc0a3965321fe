import { z } from 'zod';
import { longestMs } from '../domain/duration.ts';
import type { GateAnswer, GateFailure, GateOpened } from '../domain/gate.ts';
import { decisionStatuses, executionStatuses } from '../domain/status.ts';
import { words } from '../domain/text-schema.ts';
import { asked, ticket } from './change-request.ts';

/* What the workflow `requireApproval` takes and answers, for hosts in every language. */

const within = z.int().min(1000).max(longestMs).nullish();

/** What a host asks for. Languages write an absent member as null, too. */
export const gateRequestSchema = z.strictObject({
  operation: asked.operation.describe('name of a gated operation'),
  operationVersion: words(32)
    .nullish()
    .describe('refused where the service has another; absent: any version'),
  input: asked.input.describe('as the operation’s own JSON Schema says'),
  justification: asked.justification.describe('why; approvers read it'),
  requester: z
    .strictObject({ issuer: words(500), subject: words(500) })
    .describe('in whose name, as the identity provider names them: never one of the approvers'),
  key: words(200)
    .nullish()
    .describe('the host’s own name for this request; a later run that gives it gets the same change'),
  onCancel: z
    .enum(['withdraw', 'wait'])
    .nullish()
    .describe('what becomes of the change when the gate is cancelled; absent: withdraw'),
  openedSignal: words(200).nullish().describe('name of a signal that the host gets once the change is open'),
  ticket: z
    .strictObject({ system: ticket.system, id: ticket.id, url: ticket.url.nullish() })
    .nullish()
    .describe('the ticket that the change belongs to'),
  decideWithinMs: within.describe('how long people may take, where that is shorter than the policy says'),
  executeWithinMs: within.describe('how long after approval the call may be made, likewise'),
});

/** What a host asks for, as {@link gateRequestSchema} reads it. */
export type GateRequest = z.output<typeof gateRequestSchema>;

const json = z.record(z.string(), z.json());
const changeId = z.uuid().describe('the change’s id');
const url = z.string().nullable().describe('where people find the change; null where the service knows none');
const outcome = z
  .strictObject({
    code: z.string().describe('`succeeded`, a code of Countersign’s errors, or the vendor’s own'),
    message: z.string(),
    requestId: z.string().nullable().describe('the vendor’s id of the deciding call'),
    reconciled: z.boolean().describe('whether the target, read afterwards, told what no answer had said'),
    at: z.string().describe('ISO 8601'),
  })
  .describe('how the change ended');

/** What {@link GateOpened} says. */
export const gateOpenedSchema = z.object({
  changeId,
  key: z.string().nullable().describe('that of the request'),
  url,
}) satisfies z.ZodType<GateOpened>;

/** What {@link GateAnswer} says. */
export const gateAnswerSchema = z.object({
  changeId,
  url,
  outcome,
  output: json.nullable().describe('what the call answered; null where there is no such answer'),
}) satisfies z.ZodType<GateAnswer>;

/** What {@link GateFailure} says. */
export const gateFailureSchema = z.object({
  changeId: changeId
    .nullable()
    .describe('the change that ended; of a refusal, the one that is in the way, or null'),
  url,
  decisionStatus: z.enum(decisionStatuses).nullable(),
  executionStatus: z.enum(executionStatuses).nullable(),
  outcome: outcome.nullable(),
  errors: z
    .array(z.object({ field: z.string(), rule: z.string(), message: z.string() }))
    .describe('of `invalid_request`: each wrong member, and the rule that it broke'),
}) satisfies z.ZodType<GateFailure>;

/** The contract's JSON Schemas. Whoever reads an answer passes over members that it does not know. */
export function gateSchemas() {
  return {
    request: jsonSchema('request', gateRequestSchema),
    opened: jsonSchema('opened', gateOpenedSchema),
    answer: jsonSchema('answer', gateAnswerSchema),
    failure: jsonSchema('failure', gateFailureSchema),
  };
}

function jsonSchema(name: string, schema: z.ZodType) {
  return { title: `Countersign gate, version 1: ${name}`, ...z.toJSONSchema(schema, { io: 'input' }) };
}
