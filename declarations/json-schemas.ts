import { z } from 'zod';
import {
  callAnswerSchema,
  failureDetailSchema,
  readAnswerSchema,
  stepRequestSchema,
} from './activity-contract.ts';
import { operationsDocument } from './operations-document.ts';

const jsonSchemaOf = (schema: z.ZodType): object =>
  z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });

/** The JSON Schema (2020-12) by which editors complete a file of declared operations. */
export function operationsFileSchema(): object {
  return jsonSchemaOf(operationsDocument);
}

/**
 * The JSON Schemas of what the activities of a declared operation are told and answer, under the names of their files. A
 * version stays as it is: what is no longer so gets another one.
 */
export function activitySchemas(): Record<string, object> {
  return {
    'step-request.v1.schema.json': jsonSchemaOf(stepRequestSchema),
    'read-answer.v1.schema.json': jsonSchemaOf(readAnswerSchema),
    'call-answer.v1.schema.json': jsonSchemaOf(callAnswerSchema),
    'failure-detail.v1.schema.json': jsonSchemaOf(failureDetailSchema),
  };
}
