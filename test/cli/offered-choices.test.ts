import { expect, test } from 'vitest';
import { offeredChoices } from '../../cli/offered-choices.ts';
import type { Change } from '../../domain/change.ts';
import { policyWith } from '../support/policy.ts';
import { awaiting, changeOf } from '../tickets/slack/slack-testbed.ts';

const policy = policyWith({ channels: [{ name: 'slack', mode: 'decide' }] });
/** As the log has it. */
const logged = changeOf(awaiting({ policy }).entries);

test('a message offers what its policy lets its chat decide', () => {
  expect(offeredChoices(logged, 'slack')).toEqual(['approve', 'reject']);
  expect(offeredChoices(logged, 'dingtalk')).toEqual([]);
});

test.each<[string, Partial<Change>]>([
  ['another input', { input: { ...logged.input, sn: 'another' } }],
  ['another justification', { justification: 'nothing much' }],
  ['another snapshot', { snapshot: { status: 'unknown' } }],
  ['another policy', { policy: { ...logged.policy, name: 'weaker' } }],
])('of a change whose log says %s than its digest was made of, it offers nothing', (_name, more) => {
  expect(offeredChoices({ ...logged, ...more }, 'slack')).toEqual([]);
});
