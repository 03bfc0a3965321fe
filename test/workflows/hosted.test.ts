import { expect, test } from 'vitest';
import type { HostRequest } from '../../domain/change.ts';
import { tellsOpened } from '../../workflows/hosted.ts';

test.each([
  // What the activity has read counts, whatever the argument looks like when the workflow is replayed.
  [{ countersignUnreadable: 'no codec' }, { tellsOpened: true }, true],
  [{ tellsOpened: true }, { tellsOpened: false }, false],
  // Histories in which it has not said so.
  [{ tellsOpened: true }, {}, true],
  [{ tellsOpened: false }, {}, false],
  [null, {}, false],
])('a host that has asked %j, read as %j, is told that its change is open: %j', (asked, accepted, tells) => {
  expect(tellsOpened(asked as Partial<HostRequest> | null, accepted)).toBe(tells);
});
