import { describe, expect, test } from 'vitest';
import {
  cardParameters,
  outTrackIdOf,
  plainMarkdown,
  robotMessage,
} from '../../../tickets/dingtalk/message.ts';
import type { Change } from '../../../domain/change.ts';
import type { Choice } from '../../../tickets/dingtalk/message.ts';
import { milestonesIn } from '../../../tickets/milestone.ts';
import { Deliveries, ToldChange } from '../told-change.ts';
import type { Step } from '../told-change.ts';

const now = Date.parse('2026-11-24T10:00:00.000Z');
const url = 'https://countersign.example/changes/1';

describe('words of others in Markdown', () => {
  test.each([
    ['a link', '[log in](https://evil.example)', '［log in］(https://evil.example)'],
    ['an image', '![x](http://evil.example/x.png)', '！［x］(http://evil.example/x.png)'],
    ['bold, as our labels are', '**Status**: approved', '＊＊Status＊＊: approved'],
    ['a heading, a quote, code', '# a > b `c`', '＃ a ＞ b ｀c｀'],
    ['HTML, and an entity that would become some', '<font color=red>&lt;b', '＜font color=red＞＆lt;b'],
    ['a mention', '@all', '＠all'],
    ['a backslash', '\\[a\\]', '＼［a＼］'],
    ['underscores around a word', '__a__ _b_', '＿＿a＿＿ ＿b＿'],
    ['underscores within a name stay: it can be copied', 'post_cn_7mz2', 'post_cn_7mz2'],
    ['other languages stay', '证书 – für Geräte', '证书 – für Geräte'],
  ])('%s', (_name, text, expected) => {
    expect(plainMarkdown(text)).toBe(expected);
  });
});

function milestoneOf(...steps: Step[]) {
  const change = new ToldChange({ justification: '[x](http://evil.example)\n**Status**: approved' });
  const found = milestonesIn(new Deliveries(change).of(change.tell(...steps))).at(-1);
  if (!found) throw new Error('none');
  return { change, found };
}

describe("a robot's message", () => {
  test('has one button, which opens the page, and the id of its entry', () => {
    const { found, change } = milestoneOf('requested', 'prechecked');
    const message = robotMessage(found, { subscription: 'team', url, now });
    expect(message).toMatchObject({
      msgtype: 'actionCard',
      actionCard: {
        singleURL: url,
        singleTitle: 'Open',
        title: expect.stringMatching(/^Approval wanted: /) as string,
      },
    });
    expect(JSON.stringify(message)).toContain(change.digest);
    expect(JSON.stringify(message)).not.toMatch(/\]\(http|\*\*Status\*\*: approved/);
    expect(robotMessage(found, { subscription: 'team', url, now: now + 1 }).msgUuid).toBe(message.msgUuid);
    expect(robotMessage(found, { subscription: 'other', url, now }).msgUuid).not.toBe(message.msgUuid);
  });

  test('is Markdown alone where no page is known, and calls nobody by name', () => {
    const { found } = milestoneOf('requested', 'prechecked');
    expect(robotMessage(found, { subscription: 'team', url: null, now })).toMatchObject({
      msgtype: 'markdown',
      at: { isAtAll: false },
    });
  });
});

describe('what a card shows', () => {
  const shown = (...steps: Step[]) => {
    const { change } = milestoneOf(...steps);
    return { change, ...cardParameters(change.now(), { url, now, choices: ['approve', 'reject'] }) };
  };

  test('while a decision is awaited its buttons carry change, round and digest', () => {
    const { change, ...card } = shown('requested', 'prechecked');
    expect(card).toMatchObject({
      canApprove: 'true',
      changeId: change.id,
      round: '1',
      digest: change.digest,
      url,
    });
  });

  test('another round has another digest on its buttons', () => {
    const steps = [
      'requested',
      'prechecked',
      'approved',
      'scheduled',
      'drifted',
      'prechecked again',
    ] as const;
    expect(shown(...steps)).toMatchObject({ canApprove: 'true', round: '2', digest: 'b'.repeat(64) });
  });

  test.each<[string, Step[]]>([
    ['once it is approved', ['requested', 'prechecked', 'approved', 'scheduled']],
    ['once it is rejected', ['requested', 'prechecked', 'rejected']],
    ['while the target is read again', ['requested', 'prechecked', 'approved', 'scheduled', 'drifted']],
    ['at the end', ['requested', 'prechecked', 'approved', 'scheduled', 'closed']],
  ])('%s no button is left, and none would carry anything', (_name, steps) => {
    expect(shown(...steps)).toMatchObject({ canApprove: 'false', changeId: '', round: '', digest: '' });
  });

  test.each<[string, Choice[], object]>([
    [
      'no button where the policy does not name the channel',
      [],
      { canApprove: 'false', canReject: 'false', digest: '' },
    ],
    ['one where it takes rejections alone', ['reject'], { canApprove: 'false', canReject: 'true' }],
  ])('%s', (_name, choices, expected) => {
    const { change } = milestoneOf('requested', 'prechecked');
    expect(cardParameters(change.now(), { url, now, choices })).toMatchObject(expected);
  });

  test('all that is decided on; what has no room leaves no Approve', () => {
    const { change } = milestoneOf('requested', 'prechecked');
    const card = (more: Partial<Change>) =>
      cardParameters({ ...change.now(), ...more }, { url, now, choices: ['approve', 'reject'] });
    const { input } = change.asked;
    const { text } = card({
      input: { ...input, note: 'of the input' },
      snapshot: { deep: { down: 'there' } },
    });
    expect(text).toContain('of the input');
    expect(text).toContain('there');
    for (const more of [
      { input: { ...input, note: 'x'.repeat(1000) } },
      { snapshot: { deep: { down: 'x'.repeat(1000) } } },
      { justification: 'x'.repeat(1001) },
    ]) {
      expect(card(more)).toMatchObject({ canApprove: 'false', canReject: 'true', digest: change.digest });
      expect(card(more).text).toContain('cannot show all');
    }
  });

  test('no button of a change whose end is certain', () => {
    const { change } = milestoneOf('requested', 'prechecked');
    const reason = { code: 'abandoned', message: '', requestId: null };
    const card = cardParameters({ ...change.now(), reason }, { url, now, choices: ['approve', 'reject'] });
    expect(card).toMatchObject({ canApprove: 'false', canReject: 'false', digest: '' });
  });

  test('every variable is text, as the template wants it', () => {
    const { change: _, ...card } = shown('requested', 'prechecked');
    expect(Object.values(card).filter((value) => typeof value !== 'string')).toEqual([]);
  });
});

test("a card's id is the same for a change and a subscription, and short", () => {
  const id = 'b1946ac9-2492-4d23-8a3e-6c5f0f2a7c11';
  expect(outTrackIdOf(id, 'team')).toBe(outTrackIdOf(id, 'team'));
  expect(outTrackIdOf(id, 'team')).not.toBe(outTrackIdOf(id, 'other'));
  expect(outTrackIdOf(id, 'x'.repeat(40))).toMatch(/^[A-Za-z0-9-]{1,64}$/);
});
