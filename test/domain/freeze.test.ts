import { describe, expect, test } from 'vitest';
import { askAgainMs } from '../../domain/block.ts';
import type { CountersignError } from '../../domain/error.ts';
import { concerns, freezeInTheWay, inForce, refusalOfOverride, timeOfFreeze } from '../../domain/freeze.ts';
import type { Freeze, FreezeOverride } from '../../domain/freeze.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import { change, person } from '../store/change-fixture.ts';
import { targetOf } from '../support/target.ts';

const now = Date.parse('2026-11-24T12:00:00.000Z');
const at = (minutes: number) => new Date(now + minutes * 60_000).toISOString();

function freeze(more: Partial<Freeze> = {}): Freeze {
  return {
    id: 'f',
    operation: null,
    scope: {},
    startsAt: at(-10),
    endsAt: at(10),
    reason: 'the great sale',
    declaredBy: person('adam'),
    declaredAt: at(-20),
    liftedBy: null,
    liftedAt: null,
    ...more,
  };
}

describe('a freeze is in force', () => {
  test.each<[string, Partial<Freeze>, boolean]>([
    ['between its start and its end', {}, true],
    ['at its start', { startsAt: at(0) }, true],
    ['not a millisecond before', { startsAt: new Date(now + 1).toISOString() }, false],
    ['not at its end', { endsAt: at(0) }, false],
    ['to its last millisecond', { endsAt: new Date(now + 1).toISOString() }, true],
    ['without an end', { endsAt: null }, true],
    ['not once lifted', { endsAt: null, liftedAt: at(-1) }, false],
  ])('%s', (_name, more, expected) => {
    expect(inForce(freeze(more), now)).toBe(expected);
  });
});

describe('the time of a freeze', () => {
  test.each<[string, Partial<Freeze>, [string, string | null] | null]>([
    ['is from its start to its end', {}, [at(-10), at(10)]],
    ['has no end where it has none', { endsAt: null }, [at(-10), null]],
    ['begins at its declaration where that came later', { declaredAt: at(-5) }, [at(-5), at(10)]],
    ['is that of the calendar file', { declaredAt: null }, [at(-10), at(10)]],
    ['ends when it is lifted', { liftedAt: at(3) }, [at(-10), at(3)]],
    [
      'ends when it is lifted, without an end of its own',
      { endsAt: null, liftedAt: at(3) },
      [at(-10), at(3)],
    ],
    ['is none when it was lifted before', { liftedAt: at(-11) }, null],
    ['is none when it was declared after its end', { declaredAt: at(10) }, null],
  ])('%s', (_name, more, expected) => {
    const time = timeOfFreeze(freeze(more));
    expect(time && [time.from, time.until]).toEqual(expected);
  });

  test('is when it is in force, as long as nobody has lifted it', () => {
    for (const more of [{}, { declaredAt: at(-5) }, { startsAt: at(-30) }, { endsAt: null }]) {
      const one = freeze(more);
      const time = timeOfFreeze(one);
      for (let minutes = -40; minutes < 20; minutes += 1) {
        // Before its declaration nobody could ask.
        if (one.declaredAt !== null && at(minutes) < one.declaredAt) continue;
        const isIn = time !== null && time.from <= at(minutes) && (time.until ?? at(99)) > at(minutes);
        expect([minutes, inForce(one, Date.parse(at(minutes)))]).toEqual([minutes, isIn]);
      }
    }
  });
});

describe('a freeze concerns a change', () => {
  test.each<[Partial<Freeze>, boolean]>([
    [{}, true],
    [{ operation: 'ActiveCaCertificate' }, true],
    [{ operation: 'DeleteCaCertificate' }, false],
    [{ scope: { regionId: 'cn-hangzhou' } }, true],
    [{ scope: { regionId: 'cn-shanghai' } }, false],
    // What means a pattern holds as one: a freeze that held nothing would fail open.
    [{ scope: { regionId: 'cn-*' } }, true],
    [{ scope: { regionId: 'ap-*' } }, false],
    [{ operation: '*CaCertificate' }, true],
    [{ operation: 'Delete*' }, false],
    [{ scope: { mqttInstanceId: 'post-cn-1' } }, true],
    [{ scope: { mqttInstanceId: 'post-cn-10' } }, false],
    [{ scope: { mqttInstanceId: 'post-cn' } }, false],
    [{ scope: { mqttInstanceId: 'post-*' } }, true],
    [{ scope: { mqttInstanceId: '*-1' } }, true],
    [{ scope: { mqttInstanceId: '*' } }, true],
    [{ scope: { mqttInstanceId: '**' } }, true],
    [{ scope: { mqttInstanceId: 'p*-*-1' } }, true],
    [{ scope: { mqttInstanceId: 'p*-*-*-1' } }, false],
    [{ scope: { mqttInstanceId: 'post-cn-?' } }, true],
    [{ scope: { mqttInstanceId: '????-cn-*' } }, true],
    [{ scope: { mqttInstanceId: '*-cn?1' } }, true],
    [{ scope: { mqttInstanceId: 'post-cn-1?' } }, false],
    [{ scope: { mqttInstanceId: '?' } }, false],
    // Parts do not share characters.
    [{ scope: { mqttInstanceId: 'post-cn-*-1' } }, false],
    [{ scope: { mqttInstanceId: 'POST-*' } }, false],
    [{ scope: { mqttInstanceId: 'post.cn.1' } }, false],
    // What the target lacks fits nothing.
    [{ scope: { device: '*' } }, false],
    [{ scope: { regionId: '*', device: '*' } }, false],
    [{ scope: { toString: '*' } }, false],
    [{ scope: { constructor: '*' } }, false],
    [
      { operation: 'ActiveCaCertificate', scope: { regionId: 'cn-hangzhou', mqttInstanceId: 'post-*' } },
      true,
    ],
    [
      { operation: 'ActiveCaCertificate', scope: { regionId: 'cn-shanghai', mqttInstanceId: 'post-*' } },
      false,
    ],
  ])('%j: %s', (more, expected) => {
    expect(concerns(freeze(more), change())).toBe(expected);
  });

  test('whatever the pattern, in time that grows with its length alone', () => {
    const text = { ...change(), target: targetOf('t', { long: 'a'.repeat(100_000) }) };
    const started = performance.now();
    expect(concerns(freeze({ scope: { long: '*a'.repeat(5000) + 'b' } }), text)).toBe(false);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe('the freeze in the way', () => {
  const mine = change();
  const override = (more: Partial<FreezeOverride> = {}): FreezeOverride => ({
    freezeId: 'f',
    changeId: mine.id,
    digest: mine.digest ?? '',
    by: person('frank'),
    at: at(-1),
    ...more,
  });
  test.each<[string, Freeze[], FreezeOverride[], string | null]>([
    ['none without any', [], [], null],
    ['the one in force', [freeze()], [], 'f'],
    ['not one to come', [freeze({ startsAt: at(1) })], [], null],
    ['not one of others', [freeze({ scope: { regionId: 'elsewhere' } })], [], null],
    ['of several the last to end', [freeze(), freeze({ id: 'g', endsAt: at(20) })], [], 'g'],
    ['one without an end before all', [freeze({ id: 'h', endsAt: null }), freeze()], [], 'h'],
    ['not an overridden one', [freeze()], [override()], null],
    ['still another one', [freeze(), freeze({ id: 'g' })], [override()], 'g'],
    ['overridden for another change: still there', [freeze()], [override({ changeId: 'x' })], 'f'],
    ['overridden for another digest: still there', [freeze()], [override({ digest: 'e'.repeat(64) })], 'f'],
    ['overridden by its requester: still there', [freeze()], [override({ by: mine.requester })], 'f'],
  ])('%s', (_name, freezes, overrides, expected) => {
    expect(freezeInTheWay(mine, freezes, overrides, now)?.id ?? null).toBe(expected);
  });

  test('an override holds nothing for a change without a digest', () => {
    const unread = { ...mine, digest: null };
    expect(freezeInTheWay(unread, [freeze()], [override()], now)?.id).toBe('f');
  });
});

describe('who may override', () => {
  const policy = {
    ...fourEyes,
    freezeOverride: { group: 'security' },
    groups: { security: { source: 'token' } },
  } as const;
  const mine = change({ policy, decisionStatus: 'approved', executionStatus: 'scheduled' });
  const frank = person('frank', ['security']);
  const wanted = { person: frank, digest: mine.digest ?? '', isIntact: true };
  test.each<[string, () => CountersignError | null, string | null]>([
    ['a member of the group', () => refusalOfOverride(mine, freeze(), wanted, now), null],
    [
      'before the approval too',
      () => refusalOfOverride({ ...mine, decisionStatus: 'pending' }, freeze(), wanted, now),
      null,
    ],
    ['before it begins', () => refusalOfOverride(mine, freeze({ startsAt: at(5) }), wanted, now), null],
    [
      'not the requester',
      () => refusalOfOverride({ ...mine, requester: frank }, freeze(), wanted, now),
      'self_approval',
    ],
    [
      'not without the role',
      () => refusalOfOverride(mine, freeze(), { ...wanted, person: { ...frank, roles: ['admin'] } }, now),
      'missing_role',
    ],
    [
      'not of another group',
      () => refusalOfOverride(mine, freeze(), { ...wanted, person: person('bob', ['operations']) }, now),
      'not_an_approver',
    ],
    [
      'nobody where the policy names none',
      () => refusalOfOverride({ ...mine, policy: fourEyes }, freeze(), wanted, now),
      'forbidden',
    ],
    [
      'not without the login that the policy asks for',
      () =>
        refusalOfOverride(
          { ...mine, policy: { ...policy, authentication: { methods: ['mfa'] } } },
          freeze(),
          wanted,
          now,
        ),
      'stronger_authentication_needed',
    ],
    [
      'not of an ended change',
      () => refusalOfOverride({ ...mine, executionStatus: 'cancelled' }, freeze(), wanted, now),
      'change_closed',
    ],
    [
      'not of an ended freeze',
      () => refusalOfOverride(mine, freeze({ endsAt: at(0) }), wanted, now),
      'freeze_ended',
    ],
    [
      'not of a lifted freeze',
      () => refusalOfOverride(mine, freeze({ liftedAt: at(-1) }), wanted, now),
      'freeze_ended',
    ],
    [
      'not of a freeze elsewhere',
      () => refusalOfOverride(mine, freeze({ scope: { regionId: 'elsewhere' } }), wanted, now),
      'invalid_request',
    ],
    [
      'not on another digest',
      () => refusalOfOverride(mine, freeze(), { ...wanted, digest: 'e'.repeat(64) }, now),
      'digest_mismatch',
    ],
    [
      'not before there is one',
      () => refusalOfOverride({ ...mine, digest: null }, freeze(), wanted, now),
      'digest_mismatch',
    ],
  ])('%s', (_name, judge, code) => {
    expect(judge()?.code ?? null).toBe(code);
  });
});

test.each<[string | null, number, 'ticket'?]>([
  [null, 60_000],
  [null, 15_000, 'ticket'],
  [at(1), 15_000, 'ticket'],
  [at(-1), 1000, 'ticket'],
  [at(-1), 1000],
  [at(0), 1000],
  [new Date(now + 1500).toISOString(), 1500],
  [at(1), 60_000],
  [at(1000), 60_000],
])('a gate that blocks until %s is asked again after %d ms %s', (until, expected, kind) => {
  const block = { kind: kind ?? ('freeze' as const), reason: '', until, freezeId: 'f' };
  expect(askAgainMs(block, now)).toBe(expected);
});
