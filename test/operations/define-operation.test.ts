import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { canonicalJson } from '../../domain/canonical-json.ts';
import { bundledOperations } from '../../operations/bundled.ts';
import { defineOperation } from '../../operations/define-operation.ts';
import { outOfStep } from '../../operations/in-step.ts';
import { readInput } from '../../operations/inputs.ts';
import { pinsOf } from '../../operations/operation.ts';
import { presentedLines } from '../../operations/presented-lines.ts';
import { makeOperations } from '../../operations/registry.ts';

type Licence = { readonly state: string };
const definition = {
  name: 'RevokeLicence',
  version: '1',
  title: 'Revoke a licence',
  service: 'licences',
  input: z.strictObject({ licence: z.string().min(1) }),
  scope: [],
  target: ({ licence }: { licence: string }) => ({ id: licence, scope: {}, label: `licence ${licence}` }),
  refusal: () => null,
  achieved: (snapshot: Licence | null) => snapshot?.state === 'revoked',
  identity: ({ state: _state, ...rest }: Licence) => rest,
  present: ({ state }: Licence) => [{ label: 'state', value: state }],
};

describe('a definition', () => {
  test('is frozen, and has the digest of its input’s JSON Schema', () => {
    const operation = defineOperation(definition);
    expect(Object.isFrozen(operation)).toBe(true);
    expect(operation.inputSchema).toMatchObject({ type: 'object', required: ['licence'] });
    const digest = createHash('sha256').update(canonicalJson(operation.inputSchema)).digest('hex');
    expect(operation.inputSchemaDigest).toBe(digest);
    // Made anew of what was made, it is the same.
    expect(defineOperation(operation)).toEqual(operation);
    const other = z.strictObject({ licence: z.string().min(2) });
    expect(defineOperation({ ...definition, input: other }).inputSchemaDigest).not.toBe(digest);
  });

  test.each<[string, object, string]>([
    ['no name', { name: undefined }, 'name'],
    ['a name of two words', { name: 'Revoke Licence' }, 'name'],
    ['a name that a policy could match by', { name: 'Revoke*' }, 'name'],
    ['a number for a version', { version: 1 }, 'version'],
    ['a title of two lines', { title: 'a\nb' }, 'title'],
    ['a service in upper case', { service: 'Licences' }, 'service'],
    ['no rule for what is refused', { refusal: undefined }, 'refusal'],
    ['no list of its scope’s members', { scope: undefined }, 'scope'],
    ['a member that no scope can have', { scope: ['__proto__'] }, 'scope'],
    ['a member twice', { scope: ['a', 'a'] }, 'scope'],
    [
      'no refusal for what is not there',
      { refusal: ({ state }: Licence) => (state ? null : null) },
      'refusal',
    ],
    ['the name of an activity of ours', { name: 'record' }, 'name'],
    ['the name that takes the rest', { name: 'default' }, 'name'],
    ['a refusal with a code of ours', { refusal: () => ({ code: 'rejected', message: 'no' }) }, 'rejected'],
    ['a refusal without a code', { refusal: () => ({ message: 'no' }) }, 'refusal'],
    ['no word on what is not there', { achieved: ({ state }: Licence) => state === 'x' }, 'achieved'],
    ['a transformation', { input: z.strictObject({ n: z.string().transform(Number) }) }, 'JSON Schema'],
    ['an output that is no schema', { output: { receipt: 'string' } }, 'output'],
    ['a task queue without a name', { taskQueue: '' }, 'taskQueue'],
    ['a trail without a function', { trail: { serviceName: 'Licences', eventName: 'Revoke' } }, 'trail'],
    ['a trail of two words', { trail: { serviceName: 'a b', eventName: 'c', input: () => ({}) } }, 'trail'],
    ['no schema', { input: { type: 'object' } }, 'input'],
    ['an input that is no object', { input: z.string() }, 'strict object'],
    ['an input that lets unknown members through', { input: z.looseObject({}) }, 'strict object'],
    ['an input that drops unknown members', { input: z.object({}) }, 'strict object'],
    ['an input without a JSON Schema', { input: z.strictObject({ at: z.date() }) }, 'JSON Schema'],
    [
      'a limit that has no canonical JSON',
      { input: z.strictObject({ n: z.number().max(0.5) }) },
      'JSON Schema',
    ],
  ])('with %s is refused', (_what, wrong, named) => {
    const bad = { ...definition, ...wrong };
    expect(() => defineOperation(bad)).toThrow(
      expect.objectContaining({
        code: 'invalid_configuration',
        message: expect.stringContaining(named) as string,
      }) as Error,
    );
  });
});

test('two operations of one name are refused', () => {
  const one = defineOperation(definition);
  expect(() => makeOperations([one, defineOperation({ ...definition, version: '2' })])).toThrow(
    expect.objectContaining({ code: 'invalid_configuration' }) as Error,
  );
});

test('no inherited member is an operation', () => {
  const operations = makeOperations([defineOperation(definition)]);
  for (const name of ['constructor', '__proto__', 'toString']) expect(operations.get(name)).toBeUndefined();
  expect(readInput(operations, { operation: 'constructor', input: {} }).fault).toContain('constructor');
});

test.each([
  ['the same definition', {}, null],
  ['another name', { operation: 'RevokeLicense' }, 'does not have'],
  ['another version', { operationVersion: '2' }, 'version'],
  ['another input', { inputSchemaDigest: '0'.repeat(64) }, 'input schema'],
])('a process with %s', (_what, pinned, expected) => {
  const operation = defineOperation(definition);
  const change = { operation: operation.name, ...pinsOf(operation), ...pinned };
  const fault = outOfStep(makeOperations([operation]), change);
  if (expected === null) expect(fault).toBeNull();
  else expect(fault).toContain(expected);
});

test('a snapshot is shown by the definition that the change has pinned, and by no other', () => {
  const operation = defineOperation(definition);
  const operations = makeOperations([operation]);
  const change = { operation: operation.name, ...pinsOf(operation), snapshot: { state: 'granted' } };
  expect(presentedLines(operations, change)).toEqual([{ label: 'state', value: 'granted' }]);
  expect(presentedLines(operations, { ...change, operationVersion: '2' })).toBeNull();
  expect(presentedLines(operations, { ...change, snapshot: null })).toBeNull();
  const throwing = defineOperation({
    ...definition,
    present() {
      throw new Error('a stored snapshot of another form');
    },
  });
  expect(presentedLines(makeOperations([throwing]), change)).toBeNull();
});

// A changed schema is another input, which open changes have not pinned: it needs another version, and a line in the notes
// of the release.
test('the bundled operations have these versions and schemas', () => {
  expect(
    Object.fromEntries(
      bundledOperations.map(({ name, version, inputSchemaDigest }) => [name, [version, inputSchemaDigest]]),
    ),
  ).toMatchInlineSnapshot(`
    {
      "ActiveCaCertificate": [
        "1",
        "6c7a990270333b579dff88993e4e97825f6c13ef01af11d23e07b5118a4a4335",
      ],
      "ActiveDeviceCertificate": [
        "1",
        "6c094036537d0189ea9b8805cc705c495fbae11edf512cb781129af271846493",
      ],
      "InactivateCaCertificate": [
        "1",
        "6c7a990270333b579dff88993e4e97825f6c13ef01af11d23e07b5118a4a4335",
      ],
      "InactivateDeviceCertificate": [
        "1",
        "6c094036537d0189ea9b8805cc705c495fbae11edf512cb781129af271846493",
      ],
    }
  `);
});
