import { expect, test } from 'vitest';
import { asksBeyondChanges, isFor } from '../../domain/subscription.ts';
import type { SubscriptionFilter, SubscriptionTarget } from '../../domain/subscription.ts';

const entry = {
  type: 'decision.approved',
  operation: 'ActiveCaCertificate',
  scope: { sn: '0072', regionId: 'cn-hangzhou' },
  toldSystem: null,
};
const target = { kind: 'webhook', host: 'hooks.example', form: 'countersign' } as const;

test.each<[string, SubscriptionFilter, boolean]>([
  ['no filter', {}, true],
  ['its type', { types: ['decision.approved'] }, true],
  ['a pattern of its type, among others', { types: ['change.*', 'decision.*'] }, true],
  ['another type', { types: ['attempt.*'] }, false],
  ['its operation', { operations: ['Active*'] }, true],
  ['another operation', { operations: ['Inactivate*'] }, false],
  ['a member of its scope', { scope: { sn: ['00?2'] } }, true],
  ['all members have to match', { scope: { sn: ['0072'], regionId: ['cn-beijing'] } }, false],
  ['a member that the scope lacks', { scope: { mqttInstanceId: ['*'] } }, false],
  ['a member that only objects have', { scope: { toString: ['*'] } }, false],
  ['all parts have to match', { types: ['decision.*'], operations: ['Inactivate*'] }, false],
])('%s', (_what, filter, expected) => {
  expect(isFor({ target, filter }, entry)).toBe(expected);
});

test('an entry of no operation is for no filter by operations', () => {
  expect(isFor({ target, filter: { operations: ['*'] } }, { ...entry, operation: null })).toBe(false);
});

test('who has read the log is told to nobody: a receiver would be told of its own reading', () => {
  for (const type of ['audit.read', 'audit.exported']) {
    expect(isFor({ target, filter: { types: ['*', type] } }, { ...entry, type })).toBe(false);
  }
});

const webhook = (form: 'countersign' | 'cloudevents' | 'notices') =>
  ({ kind: 'webhook', host: 'hooks.example', form }) as const;
test.each<[string, SubscriptionTarget, SubscriptionFilter, boolean]>([
  ['a webhook that names types', webhook('countersign'), { types: ['freeze.*'] }, true],
  ['the same of CloudEvents', webhook('cloudevents'), { types: ['*'] }, true],
  ['a webhook without a filter', webhook('countersign'), {}, false],
  ['a webhook that filters by the target alone', webhook('countersign'), { scope: { sn: ['*'] } }, false],
  ['notices, which are of changes', webhook('notices'), { types: ['*'] }, false],
  ['a ticket system or a chat', { kind: 'system', system: 'jira' }, { types: ['*'] }, false],
])('entries of no change are for %s: %j %j: %s', (_who, target, filter, expected) => {
  expect(asksBeyondChanges({ target, filter })).toBe(expected);
});

test('a filter by the target lets none of them pass', () => {
  expect(
    isFor(
      { target, filter: { types: ['*'], scope: { sn: ['*'] } } },
      { type: 'freeze.declared', operation: null, scope: {}, toldSystem: null },
    ),
  ).toBe(false);
});

test.each<[string, SubscriptionTarget, boolean]>([
  ['that system', { kind: 'system', system: 'jira' }, false],
  ['another system', { kind: 'system', system: 'slack' }, true],
  ['a webhook, whatever its host is called', { ...target, host: 'jira' }, true],
])('what became of a ticket of jira, for %s', (_what, to, expected) => {
  const told = { ...entry, type: 'ticket.diverged', toldSystem: 'jira' };
  expect(isFor({ target: to, filter: {} }, told)).toBe(expected);
});
