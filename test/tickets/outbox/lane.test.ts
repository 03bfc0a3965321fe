import { expect, test } from 'vitest';
import { makeLane } from '../../../tickets/outbox/lane.ts';

test('a lane has room for its limit, for half as much after each failure, for one at least, and for more again', () => {
  const lane = makeLane(8);
  const end = (how: 'well' | 'badly') => {
    lane.begin();
    lane.end(how);
    return lane.room();
  };
  expect(lane.room()).toBe(8);
  expect([end('badly'), end('badly'), end('badly'), end('badly')]).toEqual([4, 2, 1, 1]);
  expect([end('well'), end('well')]).toEqual([2, 3]);
  lane.begin();
  expect(lane.room()).toBe(2);
});
