import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { byChannel } from '../../domain/channel.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import type { Channel } from '../../domain/policy.ts';
import { changeStory, person, withPolicies } from './change-story.ts';
import { signed } from './memory-log.ts';
import { found, unpacked } from './pack-file.ts';
import { keys, packOf, verifiedText } from './pack-testbed.ts';

/* A decision that came by a channel is one that the pinned policy lets come by it, whatever the worker has written. */

async function packWith(
  channels: readonly Channel[] | undefined,
  by: string,
  decision: 'approve' | 'reject',
) {
  const story = changeStory({ policy: { ...fourEyes, ...(channels ? { channels } : {}) } });
  const bob = { ...person('bob', 'approver'), authentication: byChannel(by) };
  const decided = decision === 'approve' ? [story.approved(bob), story.scheduled()] : [story.rejected(bob)];
  const entries = [story.requested(), story.prechecked(), ...decided];
  return packOf(withPolicies(entries).map((body) => signed(body, keys)));
}

test.each<[string, readonly Channel[] | undefined, string, 'approve' | 'reject', string[]]>([
  ['the channel that is named', [{ name: 'slack', mode: 'decide' }], 'slack', 'approve', []],
  ['a channel, and none is named', undefined, 'slack', 'approve', ['illogical:decision_not_allowed@3']],
  [
    'another channel',
    [{ name: 'slack', mode: 'decide' }],
    'jira',
    'reject',
    ['illogical:decision_not_allowed@3'],
  ],
  [
    'an approval where only rejections count',
    [{ name: 'slack', mode: 'reject_only' }],
    'slack',
    'approve',
    ['illogical:decision_not_allowed@3'],
  ],
  ['a rejection where only these count', [{ name: 'slack', mode: 'reject_only' }], 'slack', 'reject', []],
])('by %s', async (_name, channels, by, decision, expected) => {
  const verdict = await verifiedText(await packWith(channels, by, decision));
  expect(found(verdict)).toEqual(expected);
});

test('the report says by which channel a decision came', async () => {
  const path = await packWith([{ name: 'slack', mode: 'decide' }], 'slack', 'approve');
  const files = await unpacked(await readFile(path));
  const report = files.find(({ name }) => name === 'report.html')?.data.toString() ?? '';
  expect(report).toMatch(/bob \(bob of [^)]*\), as approver, by the channel slack, without a login/);
});
