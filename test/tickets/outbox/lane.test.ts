import { expect, test } from 'vitest';
import { makeLane } from '../../../tickets/outbox/lane.ts';

test('a lane has room for its limit, for half as much after each failure, for one at least, and for more again', () => {
  const lane = makeLane(8);
  const end = (how: 'well' | 'badly') => {
    lane.begin();
    lane.end(how);
    return lane.room(0);
  };
  expect(lane.room(0)).toBe(8);
  expect([end('badly'), end('badly'), end('badly'), end('badly')]).toEqual([4, 2, 1, 1]);
  expect([end('well'), end('well')]).toEqual([2, 3]);
  lane.begin();
  expect(lane.room(0)).toBe(2);
});

test('a pause leaves no room until it ends, and a shorter one does not end it', () => {
  const lane = makeLane(2);
  lane.pause(1000);
  lane.pause(500);
  expect([lane.room(0), lane.pausedUntil(0)]).toEqual([0, 1000]);
  expect([lane.room(999), lane.room(1000), lane.pausedUntil(1000)]).toEqual([0, 2, null]);
});
