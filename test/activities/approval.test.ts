import { expect, test } from 'vitest';
import { assertApproved } from '../../activities/approval.ts';
import { byChannel } from '../../domain/channel.ts';
import type { Person } from '../../domain/person.ts';
import type { Channel } from '../../domain/policy.ts';
import { newStatement } from '../../domain/statement.ts';
import type { SignedStatement } from '../../domain/statement.ts';
import { change as changeFixture, person } from '../store/change-fixture.ts';
import { policyWith } from '../support/policy.ts';

const at = '2026-11-24T10:00:00.000Z';
const outside: Person = { ...person('bob'), authentication: byChannel('slack') };

/** What the worker says of a change that bob has approved, as the workflow and a genuine signature have it. */
function judged(bob: Person, channels: readonly Channel[]): string {
  const asked = changeFixture({ policy: policyWith(channels.length > 0 ? { channels: [...channels] } : {}) });
  const { digest, round } = asked;
  const said = { kind: 'decision', action: 'approve', digest, comment: '' } as const;
  const signed = { statement: newStatement(said, asked, bob, at) } as SignedStatement;
  const decision = {
    person: bob,
    decision: 'approve',
    digest,
    round,
    comment: '',
    at,
    counts: true,
  } as const;
  const change = { ...asked, decisions: [{ ...decision, takenBack: 0 }] } as unknown as typeof asked;
  try {
    assertApproved(change, [signed], () => true);
    return 'approved';
  } catch (error) {
    return (error as { type?: string }).type ?? String(error);
  }
}

test.each<[string, Person, Channel[], string]>([
  ['with a token', person('bob'), [], 'approved'],
  ['by a channel that the policy names', outside, [{ name: 'slack', mode: 'decide' }], 'approved'],
  ['by a channel that no policy names', outside, [], 'bad_signature'],
  ['by another channel', outside, [{ name: 'dingtalk', mode: 'decide' }], 'bad_signature'],
  ['by a channel for rejections', outside, [{ name: 'slack', mode: 'reject_only' }], 'bad_signature'],
  [
    'by a channel, with groups of a token',
    { ...outside, groups: ['operations'] },
    [{ name: 'slack', mode: 'decide' }],
    'bad_signature',
  ],
])('an approval that was signed %s', (_name, who, channels, expected) => {
  expect(judged(who, channels)).toBe(expected);
});
