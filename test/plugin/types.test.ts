import { describe, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { defineOperation, implement } from '../../plugin/operation.ts';
import type { CallAnswer, OperationType } from '../../plugin/operation.ts';
import { requireApproval } from '../../plugin/workflow.ts';
import type { Approval, NotApproved } from '../../plugin/workflow.ts';

/* What a host's code compiles with: `tsc` checks this file, nothing here runs. */

const releasePayment = defineOperation({
  name: 'ReleasePayment',
  version: '1',
  title: 'Release a payment',
  service: 'payments',
  input: z.strictObject({ payment: z.string(), amount: z.int() }),
  output: z.strictObject({ receipt: z.string() }),
  scope: ['payment'],
  target: ({ payment }) => ({ id: payment, scope: { payment }, label: payment }),
  refusal: () => null,
  achieved: (snapshot: { state: string } | null) => snapshot?.state === 'released',
  identity: () => ({}),
  present: () => [],
});
const { output: _output, ...withoutOutput } = releasePayment;
const silent = defineOperation<{ payment: string; amount: number }, { state: string }>({
  ...withoutOutput,
  name: 'Silent',
});
type Input = { payment: string; amount: number };
const byName: OperationType<Input, { receipt: string }> = { name: 'ReleasePayment', version: '1' };

const input = { payment: 'P-1', amount: 5 };
const options = { justification: 'it is due', requester: { issuer: 'i', subject: 's' } };
const read = () => Promise.resolve({ ok: true as const, requestId: '', snapshot: null });

describe('a host', () => {
  test('has the types of the operation', () => {
    const ask = () => requireApproval(releasePayment, input, options);
    expectTypeOf(ask).returns.resolves.toEqualTypeOf<Approval<{ receipt: string }>>();
    type Result = Awaited<ReturnType<Awaited<ReturnType<typeof ask>>['result']>>;
    expectTypeOf<Result['output']>().toEqualTypeOf<{ receipt: string } | null>();
    const askByName = () => requireApproval(byName, input, options);
    expectTypeOf(askByName).returns.resolves.toEqualTypeOf<Approval<{ receipt: string }>>();
    const askSilent = () => requireApproval(silent, input, options);
    expectTypeOf(askSilent).returns.resolves.toEqualTypeOf<Approval<never>>();
    expectTypeOf<NotApproved['change']['id']>().toEqualTypeOf<string>();
  });

  test('does not compile with a wrong input or wrong options', () => {
    const wrong = () => [
      // @ts-expect-error a number for text
      requireApproval(releasePayment, { payment: 1, amount: 5 }, options),
      // @ts-expect-error a member is missing
      requireApproval(releasePayment, { payment: 'P-1' }, options),
      // @ts-expect-error a member that there is not
      requireApproval(releasePayment, { ...input, more: 1 }, options),
      // @ts-expect-error the same by name
      requireApproval(byName, { payment: 'P-1' }, options),
      // @ts-expect-error no requester
      requireApproval(releasePayment, input, { justification: 'it is due' }),
      // @ts-expect-error a requester that may be absent
      requireApproval(releasePayment, input, { ...options, requester: undefined }),
      // @ts-expect-error another word
      requireApproval(releasePayment, input, { ...options, onCancel: 'abandon' }),
    ];
    expectTypeOf(wrong).toBeFunction();
  });

  test('implements an operation with what it answers', () => {
    const wrong = () => [
      implement(releasePayment, {
        read,
        call: ({ payment, amount }) =>
          Promise.resolve({ ok: true, requestId: payment, output: { receipt: String(amount) } }),
      }),
      // @ts-expect-error without the output
      implement(releasePayment, { read, call: () => Promise.resolve({ ok: true, requestId: '' }) }),
    ];
    expectTypeOf(wrong).toBeFunction();
    expectTypeOf<CallAnswer<{ receipt: string }>['output']>().toEqualTypeOf<{ receipt: string }>();
  });
});
