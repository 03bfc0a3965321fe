import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { fault } from '../../domain/fault.ts';
import { activeCaCertificate } from '../../operations/active-ca-certificate.ts';
import { defineOperation } from '../../operations/define-operation.ts';
import { implement } from '../../operations/implement.ts';
import type { Driver } from '../../operations/implement.ts';
import { makeImplementations } from '../../operations/implementations.ts';
import { inactivateCaCertificate } from '../../operations/inactivate-ca-certificate.ts';
import { makeOperations } from '../../operations/registry.ts';

const input = { regionId: 'cn-hangzhou', mqttInstanceId: 'post-cn-1', sn: '1' };
const context = { changeId: 'a change', notAfter: Infinity, signal: new AbortController().signal };
const answered = { ok: true, requestId: 'r-1' } as const;
const read = () => Promise.resolve({ ...answered, snapshot: null });
const call = () => Promise.resolve(answered);

/** An implementation whose driver may be anything. */
const by = (driver: object) => implement(activeCaCertificate, driver as Driver<typeof input>);

async function sent(driver: object): Promise<unknown> {
  const prepared = await by({ read, ...driver }).prepare(input, context);
  return typeof prepared === 'function' ? await prepared() : prepared;
}

describe('a driver', () => {
  test.each<[string, object]>([
    ['no read', { call }],
    ['neither call nor prepare', { read }],
    ['both', { read, call, prepare: call }],
  ])('with %s is refused', (_what, driver) => {
    expect(() => by(driver)).toThrow(expect.objectContaining({ code: 'invalid_configuration' }) as Error);
  });

  test('with call sends nothing before the sending', async () => {
    let calls = 0;
    const prepared = await by({
      read,
      call: () => {
        calls += 1;
        return call();
      },
    }).prepare(input, context);
    expect(calls).toBe(0);
    expect(typeof prepared === 'function' && (await prepared())).toEqual({ ...answered, output: null });
    expect(calls).toBe(1);
  });

  const refused = fault('permanent', 'Denied', 'no', { httpStatus: 403, requestId: 'r-2' });
  const lost = fault('unknown', 'timeout', 'late');
  test.each<[string, object, object]>([
    ['an answer', { call }, answered],
    ['a fault', { call: () => Promise.resolve(refused) }, refused],
    ['an unknown outcome', { call: () => Promise.resolve(lost) }, lost],
    [
      'an error of the call: it may have been sent',
      { call: () => Promise.reject(new Error('reset\nby peer')) },
      { ok: false, class: 'unknown', code: 'driver_failed', message: 'the call: reset by peer' },
    ],
    [
      'a call that was not sent',
      { call: () => Promise.resolve(fault('transient', 'not_sent', 'no key')) },
      { class: 'transient', code: 'not_sent' },
    ],
    ...[
      fault('unknown', 'not_sent', 'late'),
      fault('transient', 'not_sent', 'late', { requestId: 'r-3' }),
      fault('transient', 'not_sent', 'late', { httpStatus: 503 }),
      fault('permanent', 'succeeded', 'late'),
      fault('permanent', 'workflow_ended', 'late'),
    ].map((wrong): [string, object, object] => [
      `a code of ours that does not fit: ${JSON.stringify(wrong)}`,
      { call: () => Promise.resolve(wrong) },
      { ...wrong, code: 'driver_failed' },
    ]),
    [
      'nothing',
      { call: () => Promise.resolve(undefined) },
      { ok: false, class: 'unknown', code: 'driver_failed' },
    ],
    [
      'an answer without a RequestId',
      { call: () => Promise.resolve({ ok: true }) },
      { ok: false, class: 'unknown', code: 'driver_failed' },
    ],
    [
      'a class that there is not',
      { call: () => Promise.resolve({ ...refused, class: 'fatal' }) },
      { ok: false, class: 'unknown', code: 'driver_failed' },
    ],
    [
      'an id that the log cannot hold',
      { call: () => Promise.resolve({ ok: true, requestId: `\ud800\0${'r'.repeat(40_000)}` }) },
      { ok: true, requestId: `\ufffd\ufffd${'r'.repeat(198)}` },
    ],
    [
      'a fault that the log cannot hold',
      {
        call: () =>
          Promise.resolve({
            ...{ ok: false, class: 'unknown', code: 'c\0'.repeat(500), message: '\udfff'.repeat(40_000) },
            ...{ httpStatus: 5.5, requestId: 'r'.repeat(40_000), retryAfterMs: Infinity },
          }),
      },
      {
        ...{ ok: false, class: 'unknown', code: 'c\ufffd'.repeat(100), message: '\ufffd'.repeat(512) },
        ...{ httpStatus: null, requestId: 'r'.repeat(200), retryAfterMs: 86_400_000 },
      },
    ],
    [
      'a fault of the preparation, of which nothing has left',
      { prepare: () => Promise.resolve(lost) },
      { ...lost, class: 'transient' },
    ],
    [
      'an error of the preparation',
      { prepare: () => Promise.reject(new Error('no key')) },
      { ok: false, class: 'transient', code: 'not_sent' },
    ],
    [
      'nothing prepared',
      { prepare: () => Promise.resolve(null) },
      { ok: false, class: 'transient', code: 'not_sent' },
    ],
    [
      'an error that it classifies',
      { call: () => Promise.reject(new Error('quota')), classify: () => refused },
      refused,
    ],
    [
      'an error that it does not know',
      { call: () => Promise.reject(new Error('quota')), classify: () => null },
      { ok: false, class: 'unknown', code: 'driver_failed' },
    ],
    [
      'an error that it cannot classify',
      {
        call: () => Promise.reject(new Error('quota')),
        classify: () => {
          throw new Error('and another');
        },
      },
      { ok: false, class: 'unknown', code: 'driver_failed', message: 'the call: quota' },
    ],
  ])('that gives %s', async (_what, driver, expected) => {
    expect(await sent(driver)).toMatchObject(expected);
  });

  test.each<[string, () => Promise<unknown>, object]>([
    ['a snapshot', () => Promise.resolve({ ...answered, snapshot: { a: 1 } }), { snapshot: { a: 1 } }],
    ['nothing there', read, { ok: true, snapshot: null }],
    [
      'a fault that is in doubt, though a read does nothing',
      () => Promise.resolve(lost),
      { class: 'transient' },
    ],
    ['an error', () => Promise.reject(new Error('x')), { class: 'transient', code: 'driver_failed' }],
    [
      'what has no canonical JSON',
      () => Promise.resolve({ ...answered, snapshot: { half: 0.5 } }),
      { class: 'transient', code: 'driver_failed' },
    ],
    ['no snapshot', () => Promise.resolve(answered), { class: 'transient', code: 'driver_failed' }],
    ...['a text', 5, ['a list']].map((snapshot): [string, () => Promise<unknown>, object] => [
      `what is no object: ${typeof snapshot}`,
      () => Promise.resolve({ ...answered, snapshot }),
      { class: 'transient', code: 'driver_failed' },
    ]),
  ])('that reads %s', async (_what, reading, expected) => {
    expect(await by({ read: reading, call }).read(input, context)).toMatchObject(expected);
  });
});

describe('the implementations of a worker', () => {
  const active = implement(activeCaCertificate, { read, call });
  const inactivate = implement(inactivateCaCertificate, { read, call });
  const older = defineOperation({ ...activeCaCertificate, version: '0' });
  const both = makeOperations([activeCaCertificate, inactivateCaCertificate]);

  test('are found by the operation’s name', () => {
    const all = makeImplementations(both, [active, inactivate]);
    expect(all.get('ActiveCaCertificate')).toBe(active);
    expect(all.get('constructor')).toBeUndefined();
  });

  test.each([
    ['an operation without one', [active], 'InactivateCaCertificate'],
    ['two of one operation', [active, inactivate, active], 'ActiveCaCertificate'],
    ['one of another version', [implement(older, { read, call }), inactivate], 'ActiveCaCertificate'],
  ])('%s: refused, by name', (_what, list, named) => {
    expect(() => makeImplementations(both, list)).toThrow(
      expect.objectContaining({
        code: 'invalid_configuration',
        message: expect.stringContaining(named) as string,
      }) as Error,
    );
  });
});

describe('an operation with an output', () => {
  const paying = defineOperation({
    ...activeCaCertificate,
    name: 'Pay',
    output: z.strictObject({ receipt: z.string() }),
  });
  const answering = async (output: unknown): Promise<unknown> => {
    const call = () => Promise.resolve({ ...answered, output });
    const prepared = await implement(paying, { read, call } as never).prepare(input, context);
    return typeof prepared === 'function' ? await prepared() : prepared;
  };

  test('answers what its schema describes', async () => {
    expect(await answering({ receipt: 'R-1' })).toEqual({ ...answered, output: { receipt: 'R-1' } });
  });

  // What the call did is then read of the target.
  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['another form', { receipt: 1 }],
    ['more than the log takes', { receipt: 'r'.repeat(9000) }],
  ])('does not know what a call has done that answers %s', async (_what, output) => {
    expect(await answering(output)).toMatchObject({ ok: false, class: 'unknown', code: 'driver_failed' });
  });

  test('is not given one that nobody describes', async () => {
    expect(await sent({ call: () => Promise.resolve({ ...answered, output: { secret: 1 } }) })).toEqual({
      ...answered,
      output: null,
    });
  });
});
