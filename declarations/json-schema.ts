import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { z } from 'zod';
import { canonicalJson } from '../domain/canonical-json.ts';
import { CountersignError } from '../domain/error.ts';
import type { JsonObject } from '../domain/json.ts';

/** Most faults of one value that are told. */
const mostFaults = 50;

/** A fault of a schema, and where in it. */
export interface SchemaFault {
  readonly path: readonly string[];
  readonly message: string;
}

/** A JSON Schema as what reads values by it, or what is wrong with it. */
export type ReadSchema =
  | { readonly schema: z.ZodType<JsonObject>; readonly faults: null }
  | { readonly faults: readonly SchemaFault[] };

/**
 * Reads a JSON Schema (2020-12). Unknown keywords and formats, and keywords that cannot apply, are faults: a misspelt rule
 * would hold nothing. Nothing is fetched for a `$ref`. The validator is compiled to code: the schema comes from the
 * installation's own file, never from a request.
 *
 * @param shown - the JSON Schema that the read one has for others; absent: itself
 */
export function readJsonSchema(written: JsonObject, shown: JsonObject = written): ReadSchema {
  try {
    // What has no canonical JSON has no digest that everybody can make.
    canonicalJson(written);
    if (ofSchemas.validateSchema(written) !== true)
      return { faults: (ofSchemas.errors ?? []).map(faultOfSchema) };
    const asynchronous = asyncIn(written);
    if (asynchronous !== null) return { faults: [{ path: asynchronous, message: 'must not be $async' }] };
    const schema = asZod(makeAjv().compile<JsonObject>(written));
    // What zod is asked for as its JSON Schema.
    schema._zod.toJSONSchema = () => structuredClone(shown);
    return { schema, faults: null };
  } catch (error) {
    return { faults: [{ path: [], message: error instanceof Error ? error.message : String(error) }] };
  }
}

/** The same, of an operation that was checked before. @throws CountersignError `invalid_configuration` */
export function schemaOf(
  operation: string,
  member: string,
  written: JsonObject,
  shown?: JsonObject,
): z.ZodType<JsonObject> {
  const read = readJsonSchema(written, shown);
  if (read.faults === null) return read.schema;
  const why = read.faults.map(({ path, message }) => [...path, message].join(': ')).join('; ');
  throw new CountersignError('invalid_configuration', `operation ${operation}: ${member}: ${why}`);
}

/** @param validateSchema - whether a schema is judged by the meta-schema before it is compiled */
function makeAjv(validateSchema = false): Ajv2020 {
  const ajv = new Ajv2020({
    ...{ strict: true, strictTypes: true, strictTuples: true, strictRequired: true, allowUnionTypes: true },
    // The first fault ends it: no pattern sees a text that its maxLength refuses.
    ...{ allErrors: validateSchema, logger: false, validateSchema },
  });
  addFormats.default(ajv);
  return ajv;
}

/** Judges every schema: the meta-schema is compiled once. It keeps none, since two may have one `$id`. */
const ofSchemas = makeAjv(true);

/**
 * Where a member `$async` stands, wherever that is; null: nowhere. With it the library's validator answers a promise, which
 * would let everything by.
 */
function asyncIn(value: unknown, path: readonly string[] = []): readonly string[] | null {
  if (typeof value !== 'object' || value === null) return null;
  if (Object.hasOwn(value, '$async')) return [...path, '$async'];
  for (const [name, member] of Object.entries(value)) {
    const found = asyncIn(member, [...path, name]);
    if (found !== null) return found;
  }
  return null;
}

function faultOfSchema({ instancePath, message = 'is not valid' }: ErrorObject): SchemaFault {
  return { path: pathOf(instancePath), message };
}

/** As an instance with one check: a refined one has a parent, of which zod makes a JSON Schema of its own. */
function asZod(validate: ValidateFunction<JsonObject>): z.ZodType<JsonObject> {
  const check = z.superRefine<unknown>((value, ctx) => {
    if (!validate(value)) {
      for (const fault of (validate.errors ?? []).slice(0, mostFaults)) ctx.addIssue(issueOf(fault));
      return;
    }
    try {
      canonicalJson(value);
    } catch (error) {
      ctx.addIssue({ code: 'custom', message: (error as Error).message, params: { rule: 'type' } });
    }
  });
  return new z.ZodUnknown({ type: 'unknown', checks: [check] }) as unknown as z.ZodType<JsonObject>;
}

function issueOf({ keyword, instancePath, message = 'is not valid', params }: ErrorObject) {
  const path = pathOf(instancePath);
  const of = params as Record<string, string | number | undefined>;
  const issue = (rule: string, text: string, member?: string | number) => ({
    ...{ code: 'custom' as const, message: text, params: { rule } },
    path: member === undefined ? path : [...path, String(member)],
  });
  switch (keyword) {
    case 'required':
      return issue('required', 'is missing', of['missingProperty']);
    case 'additionalProperties':
    case 'unevaluatedProperties':
      return issue('unknown_field', 'no such field', of['additionalProperty'] ?? of['unevaluatedProperty']);
    case 'minLength':
      return issue(of['limit'] === 1 ? 'required' : 'min_length', message);
    default:
      return issue(rules[keyword] ?? 'format', message);
  }
}

/** The rule of docs/errors.md that a keyword stands for. */
const rules: Readonly<Record<string, string>> = {
  ...{ type: 'type', enum: 'one_of', const: 'one_of', maxLength: 'max_length' },
  ...{ minimum: 'minimum', exclusiveMinimum: 'minimum', minItems: 'minimum', minProperties: 'minimum' },
  ...{ maximum: 'maximum', exclusiveMaximum: 'maximum', maxItems: 'maximum', maxProperties: 'maximum' },
};

function pathOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}
