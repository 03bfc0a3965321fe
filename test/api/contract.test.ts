import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundledOperations } from '../../operations/bundled.ts';
import { gateSchemas } from '../../operations/gate-contract.ts';
import { readGateRequest } from '../../operations/gate-request.ts';
import { operations } from '../support/operations.ts';
import { startApiStack, startReplica } from './api-stack.ts';
import type { ApiStack } from './api-stack.ts';

/* What a host in another language has to know, as the API and the documentation tell it. */

let stack: ApiStack;
beforeAll(async () => {
  stack = await startApiStack();
});
afterAll(() => stack.stop());

test('whoever has a token is told where and how a workflow asks, and for what', async () => {
  const { status, body } = await stack.api.call('/v1/contract', { as: 'bob' });
  expect(status).toBe(200);
  expect(body).toMatchObject({
    version: 1,
    namespace: stack.testbed.namespace,
    taskQueue: 'countersign',
    workflowType: 'requireApproval',
    openedUpdate: 'opened',
    nexus: null,
    endTypes: ['not_approved', 'not_executed', 'outcome_unknown', 'call_started'],
  });
  expect(body.schemas).toEqual(JSON.parse(JSON.stringify(gateSchemas())));
  expect((body.operations as object[]).length).toBe(bundledOperations.length);
  expect((await stack.api.call('/v1/contract', { as: null })).status).toBe(401);
});

test('the Nexus endpoint is told where there is one', async () => {
  const replica = await startReplica(stack.testbed, { nexusEndpoint: 'approvals' });
  const { body } = await replica.call('/v1/contract', { as: 'bob' });
  expect(body.nexus).toEqual({
    endpoint: 'approvals',
    service: 'countersign.gate.v1',
    operation: 'requireApproval',
    opened: 'opened',
  });
  await replica.stop();
});

const ajv = addFormats.default(new Ajv2020({ strict: false }));

test.each(Object.entries(gateSchemas()))('docs/schemas has the schema of %s', async (name, schema) => {
  const file = join(import.meta.dirname, '..', '..', 'docs', 'schemas', `gate-v1-${name}.schema.json`);
  const documented: unknown = JSON.parse(await readFile(file, 'utf8'));
  expect(documented).toEqual(JSON.parse(JSON.stringify(schema)));
  expect(ajv.validateSchema(documented as object)).toBe(true);
});

const good = {
  operation: 'ActiveCaCertificate',
  input: { regionId: 'cn-hangzhou', mqttInstanceId: 'post-cn-1', sn: 'SN-1' },
  justification: 'the line moves',
  requester: { issuer: 'https://idp.example', subject: 'alice' },
};
const none = Object.fromEntries(
  ['operationVersion', 'key', 'onCancel', 'openedSignal', 'ticket', 'decideWithinMs', 'executeWithinMs'].map(
    (name) => [name, null],
  ),
);

test.each<[string, object, boolean]>([
  ['only what is needed', {}, true],
  ['null for all that may be left out', none, true],
  [
    'all that there is',
    {
      ...{ operationVersion: '1', key: 'k', onCancel: 'wait', openedSignal: 'opened' },
      ...{
        ticket: { system: 'jira', id: 'OPS-1', url: null },
        decideWithinMs: 60_000,
        executeWithinMs: 1000,
      },
    },
    true,
  ],
  ['an unknown member', { breakGlass: true }, false],
  ['no requester', { requester: undefined }, false],
  ['text for a clock', { decideWithinMs: '60' }, false],
  ['a clock of no length', { decideWithinMs: 0 }, false],
  ['a fraction of a millisecond', { decideWithinMs: 1000.5 }, false],
  ['a ticket that is a text', { ticket: 'OPS-1' }, false],
  ['an empty key', { key: '' }, false],
  ['a long key', { key: 'k'.repeat(201) }, false],
  ['a list for the input', { input: [] }, false],
])('the schema and the reader agree about %s', (_name, more, isTaken) => {
  const request: unknown = JSON.parse(JSON.stringify({ ...good, ...more }));
  expect(ajv.validate(gateSchemas().request, request)).toBe(isTaken);
  const read = () => readGateRequest(operations, [request]);
  if (isTaken) expect(read()).toMatchObject(good);
  else expect(read).toThrow(expect.objectContaining({ code: 'invalid_request' }) as Error);
});
