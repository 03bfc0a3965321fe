import { describe, expect, test } from 'vitest';
import { clickIn } from '../../../tickets/dingtalk/click.ts';

const changeId = 'b1946ac9-2492-4d23-8a3e-6c5f0f2a7c11';
const digest = 'a'.repeat(64);
const params = { action: 'approve', changeId, round: '2', digest, comment: ' fine ' };
const push = (more: object = {}, changed: object = {}) =>
  JSON.stringify({
    type: 'actionCallback',
    outTrackId: `cs-${changeId}-0123456789ab`,
    corpId: 'ding1',
    userId: 'manager4220',
    userIdType: 1,
    extension: '{}',
    content: JSON.stringify({
      cardPrivateData: { actionIds: ['approve'], params: { ...params, ...changed } },
    }),
    ...more,
  });
const read = (data: string) => clickIn(data, { corpId: 'ding1', deliveryId: 'm1' });

test('a click says who, what, and on which round and digest', () => {
  expect(read(push())).toEqual({
    outTrackId: `cs-${changeId}-0123456789ab`,
    click: {
      user: { corp: 'ding1', id: 'manager4220' },
      action: 'approve',
      changeId,
      round: 2,
      digest,
      comment: 'fine',
      deliveryId: 'm1',
    },
  });
});

describe('what is no click', () => {
  test.each<[string, string, string]>([
    ['no JSON', '{', 'malformed'],
    ['JSON of another kind', 'null', 'malformed'],
    ['nobody', push({ userId: '' }), 'malformed'],
    ['a unionId, which nobody has mapped', push({ userIdType: 2 }), 'malformed'],
    ['somebody of another organization', push({ corpId: 'ding2' }), 'other_organization'],
    ['no organization', push({ corpId: undefined }), 'malformed'],
    ['content that is no JSON', push({ content: 'x' }), 'malformed'],
    ['no parameters', push({ content: '{"cardPrivateData":{}}' }), 'malformed'],
    ['another action', push({}, { action: 'withdraw' }), 'malformed'],
    ['an id that is none', push({}, { changeId: 'x' }), 'malformed'],
    ['a digest that is none', push({}, { digest: 'A'.repeat(64) }), 'malformed'],
    ['no round', push({}, { round: '' }), 'malformed'],
    ['a round in another notation', push({}, { round: '1e1' }), 'malformed'],
    ['a comment that is too long', push({}, { comment: 'x'.repeat(2001) }), 'long_comment'],
    ['a button that carries nothing', push({}, { changeId: '', round: '', digest: '' }), 'nothing_asked'],
    ['the card of another change', push({ outTrackId: 'cs-other-0' }), 'other_card'],
  ])('%s', (_name, data, why) => {
    expect(read(data)).toEqual({ none: why });
  });

  test('a push without an id of its own', () => {
    expect(clickIn(push(), { corpId: 'ding1', deliveryId: '' })).toEqual({ none: 'malformed' });
  });
});
