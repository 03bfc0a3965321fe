import { afterAll, beforeAll, expect, test } from 'vitest';
import { fourEyes } from '../../domain/four-eyes.ts';
import { onePolicy } from '../../policies/load.ts';
import { honest } from '../support/honest.ts';
import { stepsOf } from '../support/steps.ts';
import { changeThat, eventually, startApi, startTestbed, startWorkers } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';
import { startTimeSkipping } from '../support/time-skipping.ts';

/* A window on the night of the change of clocks, on a server that skips the months until then. */

const hour = 3_600_000;
const day = 24 * hour;
/** How far the clock of API and workers is ahead of the machine's, ms. */
let ahead = 0;
const now = () => Date.now() + ahead;
let server: Awaited<ReturnType<typeof startTimeSkipping>>;
let testbed: Testbed;
let workers: Awaited<ReturnType<typeof startWorkers>>;

beforeAll(async () => {
  server = await startTimeSkipping();
  testbed = await startTestbed({ temporalAddress: server.address, namespace: 'default' });
  workers = await startWorkers(testbed, { gateLongestMs: 6 * hour, now });
});
afterAll(async () => {
  await workers.stop();
  await testbed.stop();
  await server.stop();
});

/** The first moment of summer time somewhere, more than a week from now: that night has no 02:30. */
function clocksGoForward(): { timeZone: string; at: number } {
  const sundayFrom = (year: number, month: number, date: number) =>
    Date.UTC(year, month, date + ((7 - new Date(Date.UTC(year, month, date)).getUTCDay()) % 7));
  const year = new Date(now()).getUTCFullYear();
  const next = [year, year + 1]
    .flatMap((y) => [
      { timeZone: 'Europe/Berlin', at: sundayFrom(y, 2, 25) + hour },
      { timeZone: 'Australia/Sydney', at: sundayFrom(y, 9, 1) - 8 * hour },
    ])
    .find(({ at }) => at > now() + 7 * day);
  if (!next) throw new Error('clocks go forward every year');
  return next;
}

test('a window in an hour that the clock skips opens when the clock goes on', async () => {
  const { timeZone, at } = clocksGoForward();
  const windows = [{ cron: '30 2 * * *', durationMinutes: 60, timeZone, holidays: [] }];
  const api = await startApi(testbed, { policies: onePolicy(honest({ ...fourEyes, windows })), now });
  const sn = await testbed.certificate();
  const from = (hours: number) => new Date(at + hours * hour).toISOString();
  const { id } = await stepsOf(api).approved(sn, { executeAfter: from(-3), executeBy: from(12) });
  // The workers' clock goes first: what is asked of it while the server skips is asked at that time.
  const until = async (moment: number) => {
    const skipped = moment - now();
    ahead += skipped;
    await server.skip(skipped / hour);
  };
  await until(at - 2 * hour);
  const held = await eventually(async () => {
    const entries = await api.users.dave.events(id);
    return entries.find((e) => e.type === 'change.held') ?? null;
  });
  expect(held).toMatchObject({ held: { kind: 'window', until: from(0) } });
  expect(await testbed.calls(sn)).toEqual([]);
  await until(at + hour / 20);
  const end = await changeThat(api.users.alice, id, (c) => c.closedAt !== null);
  expect(end.executionStatus).toBe('succeeded');
  expect(Date.parse(end.attempts[0]?.startedAt ?? '')).toBeGreaterThanOrEqual(at);
  await api.stop();
});
