import { afterAll, beforeAll, expect, test } from 'vitest';
import { entrySchema, freezeSchema, operationSchema, problemSchema } from '../../api/answer-schemas.ts';
import type { EntryAnswer, FreezeAnswer, OperationAnswer, ProblemAnswer } from '../../api/answer-schemas.ts';
import { changeSchema, listedChangeSchema } from '../../api/change-answer.ts';
import type { ChangeAnswer, ListedChangeAnswer } from '../../api/change-answer.ts';
import type { ChangeView, ListedChange } from '../../api/change-view.ts';
import type { Freeze } from '../../domain/freeze.ts';
import type { DescribedOperation } from '../../operations/describe.ts';
import { startApiStack } from './api-stack.ts';
import type { ApiStack } from './api-stack.ts';

/* Whoever reads answers by their types finds all of their members there, and no other. */

type Plain<T> = T extends readonly (infer I)[]
  ? Plain<I>[]
  : T extends object
    ? { -readonly [K in keyof T]: Plain<T[K]> }
    : T;

/** The compiler holds that what is answered is of the type of the answer. */
const readers = {
  change: (view: Plain<ChangeView>): ChangeAnswer => view,
  listed: (item: Plain<ListedChange>): ListedChangeAnswer => item,
  freeze: (freeze: Plain<Freeze>): FreezeAnswer => freeze,
  operation: (operation: Plain<DescribedOperation>): OperationAnswer => operation,
};

let stack: ApiStack;
beforeAll(async () => {
  stack = await startApiStack();
});
afterAll(() => stack.stop());

const items = (body: Record<string, unknown>) => body['items'] as unknown[];

test('a change, its entries, a list, freezes, operations and problems have the documented members', async () => {
  const { api } = stack;
  const { id } = await stack.stored();
  const one = await api.call(`/v1/changes/${id}`, { as: 'bob' });
  const change: ChangeAnswer = readers.change(one.body as never);
  expect(changeSchema.strict().parse(change)).toEqual(one.body);

  const list = await api.call('/v1/changes', { as: 'bob' });
  const [item]: ListedChangeAnswer[] = items(list.body).map((found) => readers.listed(found as never));
  expect(listedChangeSchema.strict().parse(item)).toMatchObject({ id, digest: change.digest, intact: true });

  await api.call('/v1/freezes', { as: 'adam', body: { reason: 'x', mqttInstanceId: 'none' } });
  const freezes = await api.call('/v1/freezes', { as: 'bob' });
  const [freeze]: FreezeAnswer[] = items(freezes.body).map((found) => readers.freeze(found as never));
  expect(freezeSchema.strict().parse(freeze)).toMatchObject({ reason: 'x' });

  const operations = await api.call('/v1/operations');
  const [operation]: OperationAnswer[] = items(operations.body).map((found) =>
    readers.operation(found as never),
  );
  expect(operationSchema.strict().parse(operation).name).toBe('ActiveCaCertificate');

  const refused = await api.call(`/v1/changes/${id}/execution`, {
    as: 'bob',
    body: { action: 'pause', comment: 'x' },
  });
  const problem: ProblemAnswer = problemSchema.parse(refused.body);
  expect(problem.code).toBe('missing_role');
  const events = await api.call(`/v1/changes/${id}/events`, { as: 'bob' });
  const [entry]: EntryAnswer[] = items(events.body).map((found) => entrySchema.parse(found));
  expect(entry?.type).toBe('request.refused');
});
