import { randomUUID } from 'node:crypto';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { change as changeFixture } from '../../store/change-fixture.ts';
import { changeThat, eventually, instance } from '../../support/service.ts';
import { codeOf, decide } from '../../support/steps.ts';
import { action, at, confirm, dialog, later, passedOn, same, waitingIn } from './steps.ts';
import { expectSound, picture, startPageTestbed } from './testbed.ts';
import type { PageTestbed } from './testbed.ts';

/* The page where answers are slow, refused or many, and where the clock is put on or back. */

/** So many writes a minute of one person the API takes. */
const writesPerMinute = 40;

let bed: PageTestbed;
beforeAll(async () => {
  bed = await startPageTestbed({ writesPerMinute });
});
afterEach(() => bed.closePages());
afterAll(() => bed.stop());

const waiting = (extra?: object, certificate?: object) => waitingIn(bed, extra, certificate);

/** Each request of the page that goes to the console from now on, as `GET /session`. */
function requestsOf(page: Page): string[] {
  const seen: string[] = [];
  page.on('request', (request) => {
    const { pathname } = new URL(request.url());
    if (/^\/(api|session)\b/.test(pathname)) seen.push(`${request.method()} ${pathname}`);
  });
  return seen;
}

describe('an operator', () => {
  test('does not wait for the next attempt', async () => {
    const change = await waiting();
    await bed.testbed.fault(change.target.scope['sn'] ?? '', { times: 5 });
    await decide(bed.users.bob, change);
    const page = await bed.as('olga', at(change));
    // The wait grows with each attempt: after some there is time to press the button.
    await changeThat(bed.users.alice, change.id, ({ attempts }) => attempts.length === 5);
    await action(page, 'Retry now').click();
    await dialog(page).getByRole('textbox').fill('the vendor says that it is mended');
    await confirm(page, 'Retry now').click();
    await dialog(page).waitFor({ state: 'hidden' });
    await page.getByText('It has ended: succeeded.').waitFor();
    await page.getByText('Tried again by an operator').waitFor();
    await page.getByText('attempt 6').first().waitFor();
  });
});

describe('an answer', () => {
  test('of a change that is not the one that was shown is told, and what is different', async () => {
    const change = await waiting();
    const page = await bed.as('carol', at(change));
    await page.getByText(same).waitFor();
    // Nothing reaches the page of what happens meanwhile.
    const shown = await bed.users.carol.change(change.id);
    let isCutOff = true;
    await page.route('**/events', (route) => (isCutOff ? route.abort() : route.continue()));
    await page.route(`**/api/v1/changes/${change.id}`, (route) =>
      isCutOff ? route.fulfill({ json: shown }) : route.continue(),
    );
    await page.reload();
    await page.getByText(same).waitFor();
    await action(page, 'Approve').click();
    await bed.testbed.control('PUT', '/_sim/certificates', {
      mqttInstanceId: instance,
      sn: change.input['sn'],
      caName: 'another-line',
      status: '0',
    });
    await decide(bed.users.bob, change);
    await changeThat(bed.users.alice, change.id, ({ round, digest }) => round === 2 && digest !== null);
    const refused = page.waitForResponse(`**/${change.id}/decisions`);
    await page.route('**/decisions', async (route) => {
      const response = await passedOn(route);
      isCutOff = false;
      await route.fulfill({ response });
    });
    await confirm(page, 'Approve').click();
    expect((await refused).status()).toBe(412);
    await dialog(page).getByText('This is no longer the change that you had before you.').waitFor();
    await dialog(page).getByText('another-line').waitFor();
    expect(await confirm(page, 'Approve').count()).toBe(0);
    const { decisions, round } = await bed.users.alice.change(change.id);
    expect(decisions.filter((one) => one.round === round)).toEqual([]);
  });

  test('that comes after seconds: nothing looks done before, and it is sent once', async () => {
    const change = await waiting(later());
    const page = await bed.as('bob', at(change));
    const answer = Promise.withResolvers<true>();
    let sent = 0;
    await page.route('**/decisions', async (route) => {
      sent += 1;
      await answer.promise;
      await route.fulfill({ response: await passedOn(route) });
    });
    await action(page, 'Approve').click();
    await confirm(page, 'Approve').click();
    const busy = confirm(page, 'Sending…');
    await busy.waitFor();
    expect(await busy.getAttribute('aria-disabled')).toBe('true');
    await busy.click({ force: true });
    await busy.focus();
    await page.keyboard.press('Enter');
    await page.waitForTimeout(3000);
    expect(await busy.count()).toBe(1);
    expect(await page.getByText(/You have approved|It runs from|Approved\./).count()).toBe(0);
    expect(sent).toBe(1);
    answer.resolve(true);
    await page.getByText('Approved. It runs from').waitFor();
    await dialog(page).waitFor({ state: 'hidden' });
    expect(sent).toBe(1);
    expect((await bed.users.alice.change(change.id)).decisions).toHaveLength(1);
  });

  test('that it is too much says until when, and the button comes back', { timeout: 180_000 }, async () => {
    const change = await waiting(later());
    const page = await bed.as('frank', at(change));
    await action(page, 'Approve').click();
    const path = `/v1/changes/${change.id}/decisions`;
    await eventually(async () => {
      const code = await codeOf(bed.users.frank.post(path, { decision: 'approve', digest: 'f'.repeat(64) }));
      return code === 'rate_limited' || null;
    });
    const answered = page.waitForResponse(`**${path}`);
    await confirm(page, 'Approve').click();
    const response = await answered;
    expect(response.status()).toBe(429);
    const seconds = Number(response.headers()['retry-after']);
    expect(seconds).toBeGreaterThan(0);
    await dialog(page).getByText('Too many requests. Wait a little.').waitFor();
    await dialog(page)
      .getByText(/It can be tried again from .+, \d{2}:\d{2}:\d{2} UTC on\./)
      .waitFor();
    expect(await confirm(page, 'Approve').getAttribute('aria-disabled')).toBe('true');
    await picture(page, 'too-many');
    const requests = requestsOf(page);
    await confirm(page, 'Approve').click({ force: true });
    await dialog(page)
      .locator('button.approve[aria-disabled=false]')
      .waitFor({ timeout: seconds * 1000 + 5000 });
    expect(requests.filter((one) => one.startsWith('POST'))).toEqual([]);
    await confirm(page, 'Approve').click();
    await page.getByText('Approved. It runs from').waitFor();
  });

  test('of a change that there is not is a page that says so', async () => {
    const page = await bed.as('olga', `/changes/${randomUUID()}`);
    await page.getByRole('heading', { name: 'There is nothing here' }).waitFor();
    await page.getByText('Olga Olsen').first().waitFor();
    await expectSound(page);
  });
});

describe('where the clock is put on and back', () => {
  const [newYork, shanghai] = ['America/New_York', 'Asia/Shanghai'];
  const said = async (page: Page, reason: string) =>
    (await page.locator('li.item', { hasText: reason }).locator('time').allInnerTexts()).map(
      (text) => text.split(' (')[0],
    );

  test.each([
    // At 02:00 it is 03:00; at 02:00 it is 01:00 again.
    ['on', '2027-03-14T06:30:00.000Z', '2027-03-14T07:30:00.000Z'],
    ['back', '2027-11-07T05:30:00.000Z', '2027-11-07T06:30:00.000Z'],
  ])('in the night in which it is put %s, times name their zone', async (night, startsAt, endsAt) => {
    const reason = `night ${randomUUID()}`;
    await bed.users.adam.post('/v1/freezes', { reason, startsAt, endsAt, scope: { sn: 'none' } });
    const shown = {
      on: [
        ['Mar 14, 2027, 01:30 EST', 'Mar 14, 2027, 03:30 EDT'],
        ['Mar 14, 2027, 14:30 GMT+8', 'Mar 14, 2027, 15:30 GMT+8'],
        ['Mar 14, 2027, 06:30 UTC', 'Mar 14, 2027, 07:30 UTC'],
      ],
      back: [
        ['Nov 7, 2027, 01:30 EDT', 'Nov 7, 2027, 01:30 EST'],
        ['Nov 7, 2027, 13:30 GMT+8', 'Nov 7, 2027, 14:30 GMT+8'],
        ['Nov 7, 2027, 05:30 UTC', 'Nov 7, 2027, 06:30 UTC'],
      ],
    }[night as 'on' | 'back'];
    for (const [i, timezoneId] of [newYork, shanghai].entries()) {
      const page = await bed.as('adam', '/freezes', { timezoneId });
      await page.getByText(reason).first().waitFor();
      expect(await said(page, reason)).toEqual(shown[i]);
      await page.goto('/me');
      await page.getByText(`Times are shown in ${timezoneId}.`).waitFor();
      await page.getByRole('button', { name: 'UTC' }).click();
      await page.getByText('Times are shown in UTC.').waitFor();
      await page.goto('/freezes');
      await page.getByText(reason).first().waitFor();
      expect(await said(page, reason)).toEqual(shown[2]);
    }
  });

  test('a period of days begins and ends with days', async () => {
    const page = await bed.as('adam', '/freezes', { timezoneId: newYork });
    await page.getByRole('button', { name: '31 days' }).click();
    const title = page.locator('h2#calendar');
    // On, until the period has the night of 14 March 2027 in it.
    for (let n = 0; n < 12; n++) {
      const [from = 0, to = 0] = (await title.innerText())
        .replace(/ \(.*/, '')
        .split(' – ')
        .map((day) => Date.parse(`${day.replace(/^\w+, /, '')} 12:00 UTC`));
      expect(Math.round((to - from) / 86_400_000)).toBe(30);
      await page.getByRole('button', { name: 'Later' }).click();
    }
  });

  test.each([
    // An hour that there is not is taken for the next one, and the page says so.
    [newYork, '2027-03-14T02:30', 'Mar 14, 2027, 03:30 EDT', '2027-03-14T07:30:00.000Z', '2027-03-14T07:30'],
    [newYork, '2026-12-24T18:00', 'Dec 24, 2026, 18:00 EST', '2026-12-24T23:00:00.000Z', '2026-12-24T23:00'],
    [
      shanghai,
      '2026-12-24T18:00',
      'Dec 24, 2026, 18:00 GMT+8',
      '2026-12-24T10:00:00.000Z',
      '2026-12-24T10:00',
    ],
  ])(
    'in %s the moment of a new change, %s, stays the same in UTC',
    async (timezoneId, typed, understood, moment, utc) => {
      const sn = await bed.testbed.certificate();
      const page = await bed.as('erin', '/changes/new', { timezoneId });
      await page.getByLabel('Region').fill('cn-hangzhou');
      await page.getByLabel('Instance').fill(instance);
      await page.getByLabel(/^Serial number/).fill(sn);
      await page.getByLabel('Why', { exact: true }).fill('after the night');
      await page.getByText('Ticket, times, emergency').click();
      await page.getByLabel('Not before').fill(typed);
      await page.getByText(understood).waitFor();
      await page.getByLabel('Call by').fill('2027-06-01T12:00');
      await page.goto('/me');
      await page.getByRole('button', { name: 'UTC' }).click();
      await page.goto('/changes/new');
      expect(await page.getByLabel('Not before').inputValue()).toBe(utc);
      await page.getByRole('button', { name: 'Ask for this change' }).click();
      await page.waitForURL(/\/changes\/[0-9a-f]{8}-/);
      const { executeAfter } = await bed.users.erin.change(new URL(page.url()).pathname.split('/')[2] ?? '');
      expect(executeAfter).toBe(moment);
    },
  );
});

describe('among 10,000 changes', () => {
  const perPage = 50;
  beforeAll(async () => {
    const model = changeFixture({
      requester: bed.person('many', 'requester'),
      decisionStatus: 'approved',
      executionStatus: 'succeeded',
      round: 0,
    });
    await bed.worker.query(
      `insert into countersign.change (id, version, document, submitted_at)
       select made.id, 1,
              jsonb_set(jsonb_set($1::jsonb, '{id}', to_jsonb(made.id::text)),
                '{submittedAt}', to_jsonb(to_char(made.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))),
              made.at
         from generate_series(1, 10000) n,
              lateral (select gen_random_uuid() as id, date_trunc('milliseconds', now()) - n * interval '1 minute' as at) made`,
      [JSON.stringify(model)],
    );
  });

  test('a list is fetched and drawn a page at a time, and its filter answers', async () => {
    const page = await bed.visitor();
    // What the page keeps running, and how long it kept somebody waiting.
    await page.addInitScript(`
      window.timers = new Set();
      const { setInterval: set, clearInterval: clear } = window;
      window.setInterval = (...given) => { const id = set(...given); timers.add(id); return id; };
      window.clearInterval = (id) => { timers.delete(id); clear(id); };
      window.longTasks = [];
      new PerformanceObserver((list) => longTasks.push(...list.getEntries().map((task) => task.duration)))
        .observe({ type: 'longtask', buffered: true });
    `);
    await page.goto('/changes');
    await page.getByRole('link', { name: 'Log in', exact: true }).click();
    await page.locator('button[value="olga"]').click();
    const items = page.locator('li.item');
    const counted = () => page.evaluate<number>(`document.querySelectorAll('*').length`);
    await expect.poll(() => items.count()).toBe(perPage);
    const first = await counted();
    expect(first).toBeLessThan(perPage * 30);
    const requests = requestsOf(page);
    const lists = () => requests.filter((one) => one === 'GET /api/v1/changes').length;
    const pages = 20;
    for (let n = 2; n <= pages; n++) {
      await page.getByRole('button', { name: 'Show more' }).click();
      await expect.poll(() => items.count()).toBe(n * perPage);
    }
    expect(lists()).toBe(pages - 1);
    expect(await counted()).toBeLessThan(pages * first);
    expect(await page.evaluate(`timers.size`)).toBeLessThan(10);
    // Somebody who comes back goes on reading: what they have opened is not fetched anew.
    await page.evaluate(`document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))`);
    // Typing draws nothing of the list and asks nothing.
    await page.evaluate(`
      window.drawn = 0;
      new MutationObserver((changes) => (drawn += changes.length))
        .observe(document.querySelector('ul.items'), { subtree: true, childList: true, attributes: true });
    `);
    await page.locator('summary', { hasText: 'Filters' }).click();
    await page.getByLabel('Asked by (subject)').pressSequentially('nobody of this name');
    expect(await page.getByLabel('Asked by (subject)').inputValue()).toBe('nobody of this name');
    expect(await page.evaluate(`drawn`)).toBe(0);
    expect(lists()).toBe(pages - 1);
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    await page.getByText('There is no such change').waitFor();
    expect(lists()).toBe(pages);
    const longTasks = await page.evaluate<number[]>(`longTasks.map(Math.round)`);
    console.info(`long tasks, ms: ${longTasks.join(' ')}`);
  });
});

describe('an open page that nobody uses asks no more in a minute than docs/console.md says', () => {
  /** Requests of a minute, with the clock of the page put on second by second. */
  async function inAMinute(user: string, path: string, isHidden = false): Promise<string[]> {
    const page = await bed.visitor();
    await page.clock.install();
    await page.goto(path);
    await page.getByRole('link', { name: 'Log in', exact: true }).click();
    await page.locator(`button[value="${user}"]`).click();
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.waitForTimeout(1000);
    await page.clock.pauseAt(Date.now() + 5000);
    await page.waitForTimeout(1000);
    if (isHidden) {
      await page.evaluate(`
        Object.defineProperty(document, 'visibilityState', { value: 'hidden' });
        Object.defineProperty(document, 'hidden', { value: true });
        document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
      `);
    }
    const requests = requestsOf(page);
    for (let second = 0; second < 60; second++) {
      await page.clock.runFor(1000);
      // What was asked is answered before the clock goes on.
      await page.waitForTimeout(100);
    }
    return requests;
  }

  test.each([
    ['bob', '/', 12],
    ['olga', '/changes', 4],
    ['adam', '/freezes', 0],
    ['olga', '/figures', 0],
    ['alice', '/changes/new', 0],
    ['alice', '/me', 0],
    ['dave', '/audit', 0],
  ])('%s on %s: %i', async (user, path, most) => {
    const requests = await inAMinute(user, path);
    expect(requests.length, requests.join(', ')).toBe(most);
  });

  test('in a hidden tab: none', async () => {
    expect(await inAMinute('bob', '/', true)).toEqual([]);
  });

  test('on a change that waits: 1, beside the stream; on one that has ended: none', async () => {
    const change = await waiting(later());
    const requests = await inAMinute('bob', at(change));
    expect(requests.length, requests.join(', ')).toBe(1);
    await bed.users.alice.post(`/v1/changes/${change.id}/withdrawal`, { comment: '' });
    await changeThat(bed.users.alice, change.id, ({ closedAt }) => closedAt !== null);
    expect(await inAMinute('bob', at(change))).toEqual([]);
  });
});
