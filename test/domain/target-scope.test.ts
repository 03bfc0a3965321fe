import { expect, test } from 'vitest';
import { unmetMember, withShortForms } from '../../domain/target-scope.ts';
import type { ScopePatterns } from '../../domain/target-scope.ts';

const scope = { regionId: 'cn-hangzhou', mqttInstanceId: 'post-cn-1', empty: '' };

test.each<[ScopePatterns, string | null]>([
  [{}, null],
  [{ regionId: 'cn-hangzhou' }, null],
  [{ regionId: 'cn-*' }, null],
  [{ regionId: 'us-*' }, 'regionId'],
  [{ regionId: ['us-*', 'cn-*'] }, null],
  [{ regionId: ['us-*', 'ap-*'] }, 'regionId'],
  [{ regionId: [] }, 'regionId'],
  [{ regionId: 'cn-*', mqttInstanceId: 'post-*' }, null],
  [{ regionId: 'cn-*', mqttInstanceId: 'pre-*' }, 'mqttInstanceId'],
  [{ empty: '' }, null],
  [{ empty: '*' }, null],
  [{ empty: '?' }, 'empty'],
  // What the target lacks, and what every object has.
  [{ sn: '*' }, 'sn'],
  [{ regionId: '*', sn: ['*'] }, 'sn'],
  [{ RegionId: '*' }, 'RegionId'],
  [{ toString: '*' }, 'toString'],
])('of %j the first that is not met is %s', (patterns, expected) => {
  expect(unmetMember(patterns, scope)).toBe(expected);
});

test('a value that is no text, as an edited row may have it, fits nothing', () => {
  expect(unmetMember({ sn: '*' }, { sn: 7 } as never)).toBe('sn');
});

test.each<[object, object, object, string[]]>([
  [{}, {}, {}, []],
  [{ sn: '1' }, {}, { sn: '1' }, []],
  [{}, { regionId: 'a', mqttInstanceId: undefined }, { regionId: 'a' }, []],
  [{ sn: '1' }, { regionId: 'a' }, { sn: '1', regionId: 'a' }, []],
  [{ regionId: 'a' }, { regionId: 'a' }, { regionId: 'a' }, ['regionId']],
  [{ regionId: 'a' }, { regionId: undefined }, { regionId: 'a' }, []],
])('%j with the short forms %j is %j, twice: %j', (named, short, whole, twice) => {
  expect(withShortForms(named as Record<string, string>, short as Record<string, string>)).toEqual({
    scope: whole,
    twice,
  });
});
