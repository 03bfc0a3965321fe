import { expect, test } from 'vitest';
import { fourEyes } from '../../domain/four-eyes.ts';
import { directoryFrom } from '../../policies/directory.ts';
import { compiledMatch } from '../../policies/compile.ts';
import type { WrittenMatch } from '../../policies/document.ts';
import { covers, mismatch } from '../../policies/match.ts';
import type { Match } from '../../policies/match.ts';
import { person } from '../domain/decidable-fixture.ts';
import { targetOf } from '../support/target.ts';

const facts = {
  operation: 'ActiveCaCertificate',
  target: targetOf('t', { regionId: 'cn-hangzhou', mqttInstanceId: 'post-cn-1', sn: '0072' }),
  requester: person('alice'),
  now: 0,
};

test.each<[WrittenMatch, string | null]>([
  [{}, null],
  [{ operation: ['Active*'] }, null],
  [{ operation: ['Inactivate*'] }, 'operation'],
  [{ scope: {} }, null],
  [{ scope: { regionId: ['cn-*'] } }, null],
  [{ scope: { regionId: ['us-*', 'cn-*'], sn: ['00??'] } }, null],
  [{ scope: { regionId: ['cn-*'], sn: ['01*'] } }, 'scope.sn'],
  [{ scope: { device: ['*'] } }, 'scope.device'],
  // The short forms are members of the scope.
  [{ region: ['cn-*'] }, null],
  [{ region: ['us-*'] }, 'scope.regionId'],
  [{ instance: ['post-*'] }, null],
  [{ instance: ['pre-*'] }, 'scope.mqttInstanceId'],
  [{ region: ['cn-*'], scope: { sn: ['0072'] } }, null],
  [{ region: ['cn-*'], scope: { sn: ['0073'] } }, 'scope.sn'],
])('a change does not meet of %j: %s', (written, expected) => {
  const match = compiledMatch(written);
  expect(Object.keys(match)).not.toContain('region');
  expect(mismatch({ policy: fourEyes, match }, facts, directoryFrom({}))).toBe(expected);
});

test.each<[Match, Match, boolean]>([
  [{}, { scope: { regionId: ['cn-*'] } }, true],
  [{ scope: {} }, {}, true],
  [{ scope: { regionId: ['cn-*'] } }, { scope: { regionId: ['cn-hangzhou'] } }, true],
  [{ scope: { regionId: ['cn-*'] } }, { scope: { regionId: ['cn-hangzhou'], sn: ['1'] } }, true],
  [{ scope: { regionId: ['cn-*'] } }, { scope: { regionId: ['cn-hangzhou', 'us-1'] } }, false],
  [{ scope: { regionId: ['cn-*'], sn: ['1'] } }, { scope: { regionId: ['cn-hangzhou'] } }, false],
  [{ scope: { regionId: ['*'] } }, { scope: { regionId: ['x'] } }, true],
  // A target without a region is for the later one alone.
  [{ scope: { regionId: ['*'] } }, {}, false],
  [{ scope: { regionId: ['*'] } }, { scope: { sn: ['1'] } }, false],
])('%j takes everything that is for %j: %s', (earlier, later, expected) => {
  expect(covers(earlier, later)).toBe(expected);
});
