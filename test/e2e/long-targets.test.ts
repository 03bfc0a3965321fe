import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { sha256Hex } from '../../domain/sha-256.ts';
import { bundledOperations } from '../../operations/bundled.ts';
import { defineOperation } from '../../operations/define-operation.ts';
import { implement } from '../../operations/implement.ts';
import { makeImplementations } from '../../operations/implementations.ts';
import { makeOperations } from '../../operations/registry.ts';
import definition from '../support/own-operation/definition.ts';
import { findingsInLog } from '../support/judged-log.ts';
import { bundledBy } from '../support/operations.ts';
import { changeThat, eventually, startApi, startTestbed, startWorkers } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';
import { codeOf, decide, stepsOf } from '../support/steps.ts';

/* Targets whose ids are longer than a search attribute or an index takes. */

const operation = defineOperation({
  ...definition,
  input: z.strictObject({ thing: z.string().max(2001) }),
  target: ({ thing }) => ({ id: thing, scope: {}, label: 'a thing' }),
  achieved: () => false,
});
const operations = makeOperations([...bundledOperations, operation]);
let testbed: Testbed;
let api: Awaited<ReturnType<typeof startApi>>;
let workers: Awaited<ReturnType<typeof startWorkers>>;

beforeAll(async () => {
  testbed = await startTestbed();
  const implementations = makeImplementations(operations, [
    ...bundledBy(testbed.simulator.url),
    implement(operation, {
      read: () => Promise.resolve({ ok: true, requestId: randomUUID(), snapshot: {} }),
      call: () => Promise.resolve({ ok: true, requestId: randomUUID() }),
    }),
  ]);
  [api, workers] = await Promise.all([
    startApi(testbed, { operations }),
    startWorkers(testbed, { operations, implementations }),
  ]);
});
afterAll(async () => {
  expect(await findingsInLog(testbed)).toEqual([]);
  await workers.stop();
  await api.stop();
  await testbed.stop();
});

/** Text that no database makes short. */
const ascii = (length: number) => randomBytes(length).toString('hex').slice(0, length);
const chinese = (length: number) =>
  Array.from(randomBytes(length), (byte, at) => String.fromCharCode(0x4e00 + byte * 70 + (at % 70))).join('');
const body = (thing: string) => ({
  operation: 'OwnOperation',
  input: { thing },
  justification: 'it has to be',
});
const ask = (thing: string) =>
  api.users.alice.post<{ id: string }>('/v1/changes', body(thing), { 'Idempotency-Key': ascii(32) });

test.each([
  ['255 characters', ascii(255), (id: string) => id],
  ['256 characters', ascii(256), sha256Hex],
  ['2000 bytes', ascii(2000), sha256Hex],
  ['666 characters of three bytes', chinese(666), sha256Hex],
])(
  'a target of %s goes its whole way, is found by its attribute, and is taken',
  async (_what, thing, told) => {
    const { id } = await ask(thing);
    expect(await codeOf(ask(thing))).toBe('open_change_exists');
    const query = `CountersignTarget = "${told(thing)}"`;
    await eventually(async () => (await testbed.client.workflow.count(query)).count === 1 || null);
    await decide(api.users.bob, await changeThat(api.users.alice, id, (c) => c.digest !== null));
    expect(await stepsOf(api).ended(id)).toMatchObject({ executionStatus: 'succeeded' });
  },
);

test('a target of more than 2000 bytes is refused before anything is started', async () => {
  for (const thing of [ascii(2001), chinese(667)]) {
    await expect(ask(thing)).rejects.toMatchObject({ code: 'invalid_request' });
  }
});
