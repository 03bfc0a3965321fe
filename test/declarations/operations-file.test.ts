import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { activityNames } from '../../domain/activity-names.ts';
import { openOperations } from '../../cli/operations.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { Declaration } from '../../domain/declaration.ts';
import { pinnedInputSchema, targetOf } from '../../domain/declaration.ts';
import { escapedInId, tellsApart, templatePieces } from '../../domain/target-template.ts';
import { declaredOperation } from '../../declarations/declared-operation.ts';
import { inputErrors, readInput } from '../../operations/inputs.ts';
import { outOfStep } from '../../operations/in-step.ts';
import { pinsOf } from '../../operations/operation.ts';
import { makeOperations } from '../../operations/registry.ts';
import { closeAccount } from '../support/close-account.ts';

describe('a file of declared operations', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-declared-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function load(text: string, ...more: readonly string[]) {
    const file = join(folder, 'operations.yaml');
    await writeFile(file, text);
    return openOperations({ COUNTERSIGN_OPERATIONS: [file, ...more].join(',') });
  }
  const yaml = (...operations: readonly object[]) => stringify({ operations });
  const changed = (change: Partial<Declaration>) => yaml({ ...closeAccount, ...change });
  const withInput = (more: object) => changed({ input: { ...closeAccount.input, ...more } });
  const withTarget = (more: object) => changed({ target: { ...closeAccount.target, ...more } });
  const withWorker = (more: object) => changed({ worker: { ...closeAccount.worker, ...more } });

  test('is loaded beside the bundled ones', async () => {
    const operations = await load(yaml(closeAccount, { ...closeAccount, name: 'Other' }));
    expect(operations.list.slice(-2).map(({ name }) => name)).toEqual(['CloseAccount', 'Other']);
    expect(operations.get('CloseAccount')).toMatchObject({
      inputSchema: pinnedInputSchema(closeAccount),
      scope: ['region', 'account'],
      taskQueue: 'accounts',
    });
  });

  const { target: _target, ...targetless } = closeAccount;
  const { taskQueue: _taskQueue, ...queueless } = closeAccount.worker;
  test.each<[string, string, string, string]>([
    ['is no YAML', 'operations: [', '', 'yaml'],
    ['has a member twice', 'operations: []\noperations: []', '', 'yaml'],
    ['is empty', '', '', 'type'],
    ['has no operation', 'operations: []', 'operations', 'required'],
    ['has an unknown member', changed({ colour: 'red' } as never), 'operations.0.colour', 'unknown_field'],
    ['lacks a target', yaml(targetless), 'operations.0.target', 'required'],
    [
      'lacks a task queue',
      changed({ worker: queueless as never }),
      'operations.0.worker.taskQueue',
      'required',
    ],
    ['has a version that is no text', changed({ version: 1 as never }), 'operations.0.version', 'type'],
    ['has a name of no form', changed({ name: 'close account' }), 'operations.0.name', 'format'],
    [
      'has a name twice',
      yaml(closeAccount, { ...closeAccount, version: '2' }),
      'operations.1.name',
      'duplicate',
    ],
    [
      'has the name of a bundled one',
      changed({ name: 'ActiveCaCertificate' }),
      'operations.0.name',
      'bundled',
    ],
    ...[...activityNames, 'default'].map((name): [string, string, string, string] => [
      `has the name ${name}`,
      changed({ name }),
      'operations.0.name',
      'reserved',
    ]),
    [
      'has members by a pattern',
      withInput({ patternProperties: { '^x-': { type: 'string' } } }),
      'operations.0.input.patternProperties',
      'strict_object',
    ],
    [
      'has a task queue of Temporal’s',
      withWorker({ taskQueue: '/_sys/accounts' }),
      'operations.0.worker.taskQueue',
      'worker',
    ],
    ...[' q', 'q ', '\u00a0q', ' '].map((taskQueue): [string, string, string, string] => [
      `has the task queue ${JSON.stringify(taskQueue)}`,
      withWorker({ taskQueue }),
      'operations.0.worker.taskQueue',
      'format',
    ]),
    ['has blanks around an activity', withWorker({ read: 'read ' }), 'operations.0.worker.read', 'format'],
    ['has no JSON Schema', changed({ input: 5 as never }), 'operations.0.input', 'format'],
    ['has a type that is none', withInput({ type: 'thing' }), 'operations.0.input.type', 'json_schema'],
    ['has a misspelt keyword', withInput({ requird: [] }), 'operations.0.input', 'json_schema'],
    [
      'requires what is no property',
      withInput({ required: ['acount'] }),
      'operations.0.input',
      'json_schema',
    ],
    ['validates later', withInput({ $async: true }), 'operations.0.input.$async', 'json_schema'],
    [
      'validates later in a part',
      withInput({ $defs: { later: { $async: true, type: 'string' } } }),
      'operations.0.input.$defs.later.$async',
      'json_schema',
    ],
    [
      'validates what was read later',
      changed({ snapshot: { ...closeAccount.snapshot, $async: true } }),
      'operations.0.snapshot.$async',
      'json_schema',
    ],
    [
      'validates what a call answers later',
      changed({ output: { ...closeAccount.output, $async: true } }),
      'operations.0.output.$async',
      'json_schema',
    ],
    [
      'refers to another file',
      withInput({ allOf: [{ $ref: 'https://a.example/b' }] }),
      'operations.0.input',
      'json_schema',
    ],
    [
      'has a fraction',
      withInput({ properties: { a: { type: 'number', maximum: 0.5 } } }),
      'operations.0.input',
      'json_schema',
    ],
    [
      'lets unknown members by',
      withInput({ additionalProperties: true }),
      'operations.0.input',
      'strict_object',
    ],
    ['takes a list', withInput({ type: 'array' }), 'operations.0.input', 'strict_object'],
    [
      'has a snapshot that is no schema',
      changed({ snapshot: { type: 5 } }),
      'operations.0.snapshot.type',
      'json_schema',
    ],
    [
      'has an output that is open',
      changed({ output: { type: 'object' } }),
      'operations.0.output',
      'strict_object',
    ],
    [
      'names a member that there is not',
      withTarget({ id: 'a/{input.acount}' }),
      'operations.0.target.id',
      'template',
    ],
    [
      'names one that may be absent',
      withTarget({ label: '{input.note}' }),
      'operations.0.target.label',
      'template',
    ],
    ['has other braces', withTarget({ id: 'a/{account}' }), 'operations.0.target.id', 'template'],
    [
      'runs two members together',
      withTarget({ id: '{input.region}-{input.account}' }),
      'operations.0.target.id',
      'template',
    ],
    [
      'puts a scope together',
      withTarget({ scope: { a: 'x-{input.region}' } }),
      'operations.0.target.scope.a',
      'template',
    ],
    [
      'has our task queue',
      withWorker({ taskQueue: 'countersign' }),
      'operations.0.worker.taskQueue',
      'worker',
    ],
    ['reads by its call', withWorker({ read: 'close_account' }), 'operations.0.worker.call', 'worker'],
    [
      'has a class that is none',
      withWorker({ failures: { Busy: 'retry' } }),
      'operations.0.worker.failures.Busy',
      'one_of',
    ],
    [
      'gives a call more time than there is',
      withWorker({ callSeconds: 141 }),
      'operations.0.worker.callSeconds',
      'maximum',
    ],
  ])('that %s is refused, with its line and the rule', async (_what, text, field, rule) => {
    const refusal = await load(text).then(
      () => null,
      (error: unknown) =>
        error as { code: string; message: string; errors: { field: string; rule: string }[] },
    );
    const errors = refusal?.errors.map((error) => [error.field.replace(/^\S+:\d+ ?/u, ''), error.rule]);
    expect(errors).toContainEqual([field, rule]);
    expect(refusal?.code).toBe('invalid_configuration');
    expect(refusal?.message).toMatch(/operations\.yaml:\d+: error: /u);
  });

  test('of which two declare one name is refused', async () => {
    const other = join(folder, 'other.yml');
    await writeFile(other, yaml(closeAccount));
    await expect(load(yaml(closeAccount), other)).rejects.toMatchObject({
      errors: [
        { field: expect.stringContaining('other.yml:2 operations.0.name') as string, rule: 'bundled' },
      ],
    });
  });

  test('names the line of what is wrong', async () => {
    const text = yaml(closeAccount).replace('state: open', 'state: open');
    const line = text.split('\n').findIndex((one) => one.includes('label:')) + 1;
    await expect(load(text.replace('account {input.account}', 'account {input.acc}'))).rejects.toMatchObject({
      errors: [{ field: expect.stringContaining(`operations.yaml:${line} `) as string }],
    });
  });
});

describe('the target of a declared operation', () => {
  const { target } = closeAccount;

  test('is what the templates make of the input', () => {
    expect(targetOf(target, { region: 'eu', account: 'A-1' })).toEqual({
      id: 'accounts/eu/A-1',
      scope: { region: 'eu', account: 'A-1' },
      label: 'account A-1 in eu',
    });
  });

  test.each([
    ['/', '%2F'],
    ['%2F', '%252F'],
    ["a b'(*)!", 'a%20b%27%28%2A%29%21'],
    ['é', '%C3%A9'],
    ['A-1_.~', 'A-1_.~'],
  ])('has %s escaped in its id', (value, escaped) => {
    expect(escapedInId(value)).toBe(escaped);
  });

  test.each([
    ['a/{input.b}/{input.c}', true],
    ['{input.b}:{input.c}', true],
    ['{input.b}{input.c}', false],
    ['{input.b}-{input.c}', false],
    ['{input.b}%{input.c}', false],
    ['{input.b}', true],
  ])('by %s tells inputs apart: %s', (template, tells) => {
    expect(tellsApart(templatePieces(template) ?? [])).toBe(tells);
  });

  test('is none where the input lacks a member of it', () => {
    expect(() => targetOf(target, { region: 'eu' })).toThrow('input.account');
    expect(() => targetOf({ ...target, id: '{input.toString}' }, {})).toThrow('input.toString');
  });
});

describe('the input of a declared operation', () => {
  const operation = declaredOperation(closeAccount);
  const input = { region: 'eu', account: 'A-1' };

  test.each<[object, string, string]>([
    [{ region: 'eu' }, 'input.account', 'required'],
    [{ ...input, more: 1 }, 'input.more', 'unknown_field'],
    [{ ...input, account: 5 }, 'input.account', 'type'],
    [{ ...input, account: 'B' }, 'input.account', 'format'],
    [{ ...input, region: 'cn' }, 'input.region', 'one_of'],
    [{ ...input, note: 'x'.repeat(201) }, 'input.note', 'max_length'],
    [{ ...input, limit: 0 }, 'input.limit', 'minimum'],
    [{ ...input, limit: 1.5 }, 'input', 'type'],
  ])('%j breaks a rule that is named', (wrong, field, rule) => {
    expect(inputErrors(operation, wrong).map((error) => [error.field, error.rule])).toEqual([[field, rule]]);
  });

  test('meets no pattern where it is too long for its member, or for an entry', () => {
    // Of a text of 5,000 characters this pattern tries some ten thousand millions of ways.
    const text = { type: 'string', maxLength: 100, pattern: '^\\S+.*\\S+$' };
    const properties = { ...(closeAccount.input['properties'] as JsonObject), note: text };
    const declared = declaredOperation({ ...closeAccount, input: { ...closeAccount.input, properties } });
    const faults = (note: string) =>
      inputErrors(declared, { ...input, note }).map((error) => [error.field, error.rule]);
    expect(faults(`${'x'.repeat(5000)} `)).toEqual([['input.note', 'max_length']]);
    expect(faults('x'.repeat(32_768))).toEqual([['input', 'max_bytes']]);
  });

  test('is read as it is', () => {
    const read = readInput(makeOperations([operation]), { operation: 'CloseAccount', input });
    expect(read).toMatchObject({ fault: null, input, target: { id: 'accounts/eu/A-1' } });
  });
});

test.each<[string, Partial<Declaration>]>([
  ['target', { target: { ...closeAccount.target, label: 'another' } }],
  ['task queue', { worker: { ...closeAccount.worker, taskQueue: 'elsewhere' } }],
  ['class', { worker: { ...closeAccount.worker, failures: { Refused: 'transient' } } }],
  ['title', { title: 'Open an account' }],
  ['snapshot', { snapshot: {} }],
])('another %s under the same version is another definition', (_what, change) => {
  const pinned = { operation: 'CloseAccount', ...pinsOf(declaredOperation(closeAccount)) };
  const held = (declaration: Declaration) => makeOperations([declaredOperation(declaration)]);
  expect(outOfStep(held(closeAccount), pinned)).toBeNull();
  expect(outOfStep(held({ ...closeAccount, ...change }), pinned)).toContain('CloseAccount');
});

test('what was read is shown under the titles of its schema, in their order, and what the schema does not know after it', () => {
  const operation = declaredOperation(closeAccount);
  const read = {
    snapshot: { zone: 'a', state: 'open', owner: 'Alpha', limits: [1] },
    ...{ refusal: null, achieved: false, identity: { owner: 'Alpha' } },
  };
  expect(operation.present(read)).toEqual([
    { label: 'Owner', value: 'Alpha' },
    { label: 'State', value: 'open' },
    { label: 'limits', value: '[1]' },
    { label: 'zone', value: 'a' },
  ]);
  expect(operation.present({ ...read, snapshot: null })).toEqual([
    { label: 'target', value: 'there is none' },
  ]);
  expect([operation.refusal(read, 0), operation.achieved(read), operation.identity(read)]).toEqual([
    null,
    false,
    { owner: 'Alpha' },
  ]);
  expect(operation.refusal({ ...read, achieved: true }, 0)).toMatchObject({ code: 'already_achieved' });
  expect(operation.refusal({ ...read, refusal: { code: 'a', message: 'b' } }, 0)).toEqual({
    code: 'a',
    message: 'b',
  });
});
