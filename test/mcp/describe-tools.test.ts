import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { describeTools } from '../../mcp/describe-tools.ts';
import { tools } from '../../mcp/tools.ts';
import { describeOperations } from '../../operations/describe.ts';
import { operations } from '../support/operations.ts';

/* What a client lists. */

const described = describeOperations(operations);
const listed = describeTools(described);
const schemaOf = (name: string) => {
  const found = listed.find((tool) => tool.name === name);
  return new Ajv2020({ strict: false, formats: { 'date-time': true, uuid: true } }).compile(
    found?.inputSchema ?? false,
  );
};
const input = { regionId: 'cn-hangzhou', mqttInstanceId: 'post-cn-1', sn: '0072' };
const asking = { operation: 'ActiveCaCertificate', input, justification: 'why', key: 'task-1' };

test('there are these tools, and no other', () => {
  expect(listed.map(({ name, annotations }) => [name, annotations?.readOnlyHint])).toEqual([
    ['list_operations', true],
    ['explain_policy', true],
    ['request_change', false],
    ['follow_change', true],
    ['list_changes', true],
  ]);
});

test('each says what it is for, and has schemas of objects', () => {
  for (const tool of listed) {
    expect(tool).toMatchObject({ inputSchema: { type: 'object' }, outputSchema: { type: 'object' } });
    expect(tool.title).not.toBe('');
    expect(tool.description?.length).toBeGreaterThan(50);
    expect(tool.annotations).toMatchObject({ idempotentHint: true, title: tool.title });
  }
});

test('the inputs are those of the operations', () => {
  const check = schemaOf('request_change');
  expect(check(asking)).toBe(true);
  expect(check({ ...asking, operation: 'DeleteEverything' })).toBe(false);
  expect(check({ ...asking, input: { ...input, sn: undefined, serial: '0072' } })).toBe(false);
  expect(check({ ...asking, key: undefined })).toBe(false);
  expect(check({ ...asking, breakGlass: true })).toBe(false);
  expect(schemaOf('explain_policy')({ operation: 'ActiveCaCertificate', input })).toBe(true);
});

test('without the operations any name and input are taken', () => {
  for (const operations of [null, []]) {
    const found = describeTools(operations).find(({ name }) => name === 'request_change');
    expect(found?.inputSchema.properties).toMatchObject({
      operation: { type: 'string' },
      input: { type: 'object' },
    });
  }
});

test('no member of an input decides, steers or breaks the glass', () => {
  const members = tools.flatMap(({ input: { shape } }) => Object.keys(shape));
  expect(new Set(members)).toEqual(
    new Set([
      ...['operation', 'input', 'justification', 'key', 'ticket', 'decideBy', 'executeAfter', 'executeBy'],
      ...['id', 'after', 'waitSeconds', 'decisionStatus', 'executionStatus', 'cursor', 'limit'],
    ]),
  );
});
