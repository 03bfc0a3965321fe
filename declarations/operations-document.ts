import { z } from 'zod';
import type { Declaration } from '../domain/declaration.ts';
import { faultClasses } from '../domain/fault.ts';
import type { JsonObject } from '../domain/json.ts';
import { scopeMemberName } from '../domain/target-scope.ts';
import { definitionTexts, temporalName } from '../operations/define-operation.ts';

/** What a file of declared operations may say; `operations.schema.json` is made from it. */

const named = (what: string) => z.string().regex(temporalName).meta({ description: what });
const seconds = (most: number, what: string) => z.int().min(1).max(most).meta({ description: what });
const template = (what: string) => z.string().min(1).max(1000).meta({ description: what });

/** Checked as a JSON Schema once the rest of the file is right. */
const jsonSchema = (what: string) =>
  z
    .custom<JsonObject>((value) => typeof value === 'object' && value !== null && !Array.isArray(value), {
      error: 'must be a JSON Schema (2020-12), as an object',
    })
    .meta({ type: 'object', $ref: 'https://json-schema.org/draft/2020-12/schema', description: what });

const target = z
  .strictObject({
    id: template('One change may be open for it. {input.name} stands for a member of the input, escaped.'),
    scope: z
      .record(
        z.string().regex(scopeMemberName),
        template('A member of the input, as {input.name}, or a text.'),
      )
      .meta({ description: 'What policies and freezes match.' }),
    label: template('For people. {input.name} stands for a member of the input.'),
  })
  .meta({ description: 'What it acts on.' });

const worker = z
  .strictObject({
    taskQueue: named('The task queue of its worker.'),
    read: named('The type of the activity that reads the target.'),
    call: named('The type of the activity that makes the call.'),
    readSeconds: seconds(20, 'Longest time of a read.').default(20),
    callSeconds: seconds(140, 'Longest time of a call.').default(140),
    heartbeatSeconds: seconds(60, 'Longest time between two heartbeats; absent: it need send none.')
      .nullable()
      .default(null),
    failures: z
      .record(
        z.string().min(1).max(200).meta({ description: 'The type of a failure.' }),
        z.enum(faultClasses),
      )
      .default({})
      .meta({ description: 'The class of what an activity fails with, by the type of the failure.' }),
  })
  .meta({ description: 'Who carries it out: activities of a worker in any language.' });

const declaration = z
  .strictObject({
    name: z.string().regex(definitionTexts.name).meta({ description: "The service's own name of the call." }),
    version: z
      .string()
      .regex(definitionTexts.version)
      .meta({ description: 'Text; another one for each change of what the operation means.' }),
    title: z.string().regex(definitionTexts.title).meta({ description: 'What it does, in one line.' }),
    service: z.string().regex(definitionTexts.service).meta({ description: 'The service whose call it is.' }),
    input: jsonSchema('What a requester gives: an object without other members.'),
    target,
    snapshot: jsonSchema('What a read answers of the target; absent: any object.').exactOptional(),
    output: jsonSchema('What a call answers, 8 KiB at most; absent: nothing.').exactOptional(),
    worker,
  })
  .meta({ description: 'A privileged call that may be gated.' });

/** A file of declared operations. */
export const operationsDocument = z
  .strictObject({ operations: z.array(declaration).min(1).max(200) })
  .meta({ description: 'Operations that Countersign gates, carried out by workers in any language.' });

/** A file of declared operations as it was read. */
export interface OperationsDocument {
  readonly operations: readonly Declaration[];
}
