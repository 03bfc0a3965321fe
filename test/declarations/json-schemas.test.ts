import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { activitySchemas, operationsFileSchema } from '../../declarations/json-schemas.ts';
import { closeAccount } from '../support/close-account.ts';

/* What is committed for editors and for workers in other languages is what is checked. */

const root = join(import.meta.dirname, '..', '..');
const committed = async (folder: string, name: string) =>
  JSON.parse(await readFile(join(root, folder, name), 'utf8')) as object;
const validator = (schema: object) => {
  const ajv = new Ajv2020({ strict: false });
  addFormats.default(ajv);
  return ajv.compile(schema);
};

test.each(Object.entries(activitySchemas()))('%s is as committed', async (name, schema) => {
  expect(await committed('docs/schemas', name)).toEqual(schema);
});

test('the schema of a file is as committed, and knows the example', async () => {
  const schema = operationsFileSchema();
  expect(await committed('declarations', 'operations.schema.json')).toEqual(schema);
  const check = validator(schema);
  const example = join(root, 'examples', 'own-operation-python', 'operations.yaml');
  expect(check(parse(await readFile(example, 'utf8')))).toBe(true);
  expect(check({ operations: [closeAccount] })).toBe(true);
  expect(check({ operations: [{ ...closeAccount, input: { type: 5 } }] })).toBe(false);
  expect(check({ operations: [{ ...closeAccount, worker: { taskQueue: 'a' } }] })).toBe(false);
});

test.each<[string, unknown, boolean]>([
  ['read-answer.v1', { requestId: 'r', snapshot: {}, refusal: null, achieved: false, identity: {} }, true],
  ['read-answer.v1', { requestId: 'r', snapshot: null, refusal: null, achieved: true, identity: {} }, true],
  ['read-answer.v1', { requestId: 'r', snapshot: {}, refusal: null, achieved: 'no', identity: {} }, false],
  ['call-answer.v1', { requestId: 'r' }, true],
  ['call-answer.v1', { requestId: 'r', output: 5 }, false],
  ['failure-detail.v1', { requestId: 'r', httpStatus: 429, retryAfterMs: 1000, more: 1 }, true],
  ['step-request.v1', { changeId: 'c' }, false],
])('%s: of %j it says %s', (name, value, isValid) => {
  const schema = activitySchemas()[`${name}.schema.json`] ?? {};
  expect(validator(schema)(value)).toBe(isValid);
});
