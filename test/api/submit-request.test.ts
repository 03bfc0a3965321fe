import { expect, test } from 'vitest';
import { z } from 'zod';
import { changeIdOf, readSubmitRequest, withPolicy } from '../../api/submit-request.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import type { Person } from '../../domain/person.ts';
import { defineOperation } from '../../operations/define-operation.ts';
import { makeOperations } from '../../operations/registry.ts';
import { operations } from '../support/operations.ts';
import { submission } from '../support/service.ts';

const now = Date.parse('2026-11-24T09:00:00.000Z');
const alice: Person = {
  issuer: 'https://id.example',
  subject: 'alice',
  name: 'Alice',
  roles: ['requester'],
  groups: [],
  authentication: { methods: [], at: null },
};

function read(more: object, key?: string) {
  const body = submission('SN-1', more);
  return withPolicy(readSubmitRequest(operations, { body, key, person: alice, source: null }, now), fourEyes);
}

test('a key makes the same change id for one person, and another for anybody else', () => {
  const id = changeIdOf(alice, 'ops-1');
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  const married: Person = { ...alice, name: 'Alice Archer', roles: [] };
  expect(changeIdOf(married, 'ops-1')).toBe(id);
  expect(read({}, 'ops-1').id).toBe(id);
  const others = [
    changeIdOf(alice, 'ops-2'),
    changeIdOf({ ...alice, subject: 'erin' }, 'ops-1'),
    changeIdOf({ ...alice, issuer: 'https://id2.example' }, 'ops-1'),
    // Where one member ends and the next begins is part of the key.
    changeIdOf({ ...alice, subject: 'alic' }, 'eops-1'),
    changeIdOf(alice, null),
    changeIdOf(alice, null),
  ];
  expect(new Set([id, ...others]).size).toBe(others.length + 1);
});

test.each<[string, object, string, string | null]>([
  ['none is named', {}, '2026-12-01T09:00:00.000Z', null],
  [
    'execute-by comes before the usual decide-by',
    { executeBy: '2026-11-25T09:00:00Z' },
    '2026-11-25T09:00:00.000Z',
    '2026-11-25T09:00:00.000Z',
  ],
  [
    'execute-by comes after it',
    { executeBy: '2026-12-25T09:00:00Z' },
    '2026-12-01T09:00:00.000Z',
    '2026-12-25T09:00:00.000Z',
  ],
  [
    'both are named, with a zone',
    { decideBy: '2026-11-25T10:00:00+08:00', executeBy: '2026-11-25T02:00:00.0009Z' },
    '2026-11-25T02:00:00.000Z',
    '2026-11-25T02:00:00.000Z',
  ],
])('the clocks when %s', (_name, times, decideBy, executeBy) => {
  expect(read(times)).toMatchObject({ decideBy, executeBy, submittedAt: '2026-11-24T09:00:00.000Z' });
});

test.each<[string, z.ZodType, unknown]>([
  ['throws', z.any().refine((value: { a: { b: unknown } }) => value.a.b !== null), 'text'],
  ['does not come to the bottom of what is deep', z.json(), JSON.parse('['.repeat(9000) + ']'.repeat(9000))],
])('an input whose own schema %s is refused', (_what, schema, odd) => {
  const own = defineOperation({
    ...{ name: 'Own', version: '1', title: 'Own', service: 'own', scope: [] },
    input: z.strictObject({ odd: schema }) as unknown as z.ZodType<{ odd: string }>,
    target: () => ({ id: 'own', scope: {}, label: 'own' }),
    refusal: () => null,
    achieved: () => false,
    identity: (snapshot: { a: string }) => snapshot,
    present: () => [],
  });
  const body = { operation: 'Own', input: { odd }, justification: 'because' };
  const reading = () =>
    readSubmitRequest(makeOperations([own]), { body, key: 'k', person: alice, source: null }, now);
  expect(reading).toThrow(
    expect.objectContaining({
      code: 'invalid_request',
      errors: [expect.objectContaining({ field: 'input', rule: 'target' })],
    }) as Error,
  );
});
