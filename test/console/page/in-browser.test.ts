import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { changeThat, eventually, instance } from '../../support/service.ts';
import { policyWith } from '../../support/policy.ts';
import { decide, post } from '../../support/steps.ts';
import { action, at, confirm, dialog, later, passedOn, same, waitingIn } from './steps.ts';
import { expectSound, logIn, phone, picture, screen, startPageTestbed } from './testbed.ts';
import type { PageTestbed } from './testbed.ts';

let bed: PageTestbed;
beforeAll(async () => {
  bed = await startPageTestbed({
    policies: { current: () => ({ rules: rules(), directory: nobodyListed }) },
  });
});
afterEach(() => bed.closePages());
afterAll(() => bed.stop());

/** Instances under a policy of two approvers, under one whose glass alice may break, and under one whose freezes carol may override. */
const [pair, glass, frozen] = ['post-cn-pair00001', 'post-cn-glass0001', 'post-cn-frozen001'];
const nobodyListed = { members: () => undefined, groupsIn: () => [] };
const rules = () => [
  {
    policy: policyWith({
      name: 'pair',
      stages: [{ name: 'approval', groups: [{ group: null, threshold: 2 }] }],
    }),
    match: { scope: { mqttInstanceId: [pair] } },
  },
  {
    policy: policyWith({
      name: 'emergency',
      breakGlass: { groups: ['on-call'], approvals: 0 },
      groups: {
        'on-call': { source: 'members', members: [{ issuer: bed.identity.issuer, subject: 'alice' }] },
      },
    }),
    match: { scope: { mqttInstanceId: [glass] } },
  },
  {
    policy: policyWith({
      name: 'freezing',
      freezeOverride: { group: 'on-call' },
      groups: {
        'on-call': { source: 'members', members: [{ issuer: bed.identity.issuer, subject: 'carol' }] },
      },
    }),
    match: { scope: { mqttInstanceId: [frozen] } },
  },
  { policy: policyWith({ commentRequired: 'reject' }), match: {} },
];

const waiting = (extra?: object, certificate?: object) => waitingIn(bed, extra, certificate);

describe('a change that waits', () => {
  test('is found, read, approved by keyboard alone on a phone, and seen to succeed', async () => {
    const change = await waiting();
    const page = await bed.as('bob', '/', { viewport: phone });
    const link = page.getByRole('link', { name: change.target.label });
    await link.waitFor();
    expect(await page.title()).toMatch(/^\(\d+\+?\) Waiting/);
    await link.focus();
    await page.keyboard.press('Enter');
    await page.getByText(same).waitFor();
    await page.getByText('Live: what happens').waitFor();
    await picture(page, 'change-phone');
    await tabTo(page, 'Approve', '#actions');
    await page.keyboard.press('Enter');
    await dialog(page).waitFor();
    await picture(page, 'approve-phone');
    await tabTo(page, 'Approve', 'dialog');
    await page.keyboard.press('Enter');
    await page.getByText('It has ended: succeeded.').waitFor();
    await page.getByText('Call succeeded', { exact: true }).waitFor();
    expect(await dialog(page).count()).toBe(0);
    const after = await bed.users.alice.change(change.id);
    expect(after.decisions).toMatchObject([
      { decision: 'approve', person: { subject: 'bob' }, digest: change.digest },
    ]);
    await picture(page, 'succeeded-phone');
    await expectSound(page);
  });

  test('is rejected with a comment only, where its policy asks for one', async () => {
    const change = await waiting(later());
    const page = await bed.as('bob', at(change));
    await action(page, 'Reject').click();
    await confirm(page, 'Reject').click();
    // Nothing is sent without it: the browser says that it is missing.
    expect((await bed.users.alice.change(change.id)).decisions).toEqual([]);
    await dialog(page).getByRole('textbox').fill('not tonight');
    await confirm(page, 'Reject').click();
    await page.getByText('It has ended: rejected.').waitFor();
    await page.getByText('not tonight').first().waitFor();
  });

  test('of whoever asked has no button to approve, and a sentence why', async () => {
    const change = await waiting(later());
    const page = await bed.as('alice', at(change));
    await action(page, 'Withdraw').waitFor();
    expect(await action(page, 'Approve').count()).toBe(0);
    await action(page, 'Withdraw').click();
    await confirm(page, 'Withdraw').click();
    await page.getByText('It has ended: withdrawn.').waitFor();
  });

  test('is decided by somebody else meanwhile: who and when stands in place of the buttons', async () => {
    const change = await waiting(later());
    const page = await bed.as('bob', at(change));
    await action(page, 'Approve').click();
    await decide(bed.users.carol, change);
    await dialog(page).getByText('This is no longer the change that you had before you.').waitFor();
    expect(await confirm(page, 'Approve').count()).toBe(0);
    await confirm(page, 'Look at it again').click();
    await page.locator('#actions').getByText('Carol Cook').waitFor();
    expect(await action(page, 'Approve').count()).toBe(0);
  });

  test('is approved by two at once, once each', async () => {
    const change = await waiting(later());
    const pages = [await bed.as('bob', at(change)), await bed.as('carol', at(change))];
    for (const page of pages) await action(page, 'Approve').click();
    await Promise.all(pages.map((page) => confirm(page, 'Approve').click()));
    for (const page of pages) await page.getByText('Approved. It runs from').waitFor();
    const { decisions } = await bed.users.alice.change(change.id);
    expect(decisions.filter(({ counts }) => counts)).toHaveLength(1);
  });

  test('whose target drifts while somebody decides is locked, says in what it differs, and starts anew', async () => {
    const change = await waiting();
    const page = await bed.as('carol', at(change));
    await action(page, 'Approve').click();
    await bed.testbed.control('PUT', '/_sim/certificates', {
      mqttInstanceId: instance,
      sn: change.input['sn'],
      caName: 'another-line',
      status: '0',
    });
    await decide(bed.users.bob, change);
    await dialog(page).getByText('another-line').waitFor();
    expect(await confirm(page, 'Approve').count()).toBe(0);
    await confirm(page, 'Look at it again').click();
    await page.getByText('What is different since round 1').waitFor();
    await page.getByText(same).waitFor();
    await picture(page, 'drifted');
    await action(page, 'Approve').click();
    await confirm(page, 'Approve').click();
    await page.getByText('It has ended: succeeded.').waitFor();
  });

  test('of two approvers is taken back by the first', async () => {
    const change = await waiting(later(), { mqttInstanceId: pair });
    const page = await bed.as('bob', at(change));
    await action(page, 'Approve').click();
    await confirm(page, 'Approve').click();
    await page.getByText('You have approved this.').waitFor();
    await action(page, 'Take back my decision').click();
    await confirm(page, 'Take back my decision').click();
    await action(page, 'Approve').waitFor();
    expect((await bed.users.alice.change(change.id)).decisions.filter(({ counts }) => counts)).toEqual([]);
  });

  test('of an emergency is reviewed afterwards, by somebody who neither asked nor approved', async () => {
    const sn = await bed.testbed.certificate({ mqttInstanceId: glass });
    const input = { regionId: 'cn-hangzhou', mqttInstanceId: glass, sn };
    const { id } = await post(bed.users.alice, sn, undefined, { input, breakGlass: true });
    await changeThat(bed.users.alice, id, ({ closedAt }) => closedAt !== null);
    const page = await bed.as('dave', '/');
    await page.getByRole('link', { name: sn }).click();
    await action(page, 'Sign the review').click();
    await dialog(page).getByRole('textbox').fill('the outage was real');
    await confirm(page, 'Sign the review').click();
    await page.getByText('reviewed', { exact: true }).first().waitFor();
    await page.getByText('the outage was real').first().waitFor();
  });
});

/** Tabs on until a button of this name has the focus. */
async function tabTo(page: Page, name: string, within = 'body'): Promise<void> {
  const button = page.locator(within).getByRole('button', { name, exact: true });
  for (let presses = 0; presses < 200; presses++) {
    await page.keyboard.press('Tab');
    if ((await button.and(page.locator(':focus')).count()) > 0) return;
  }
  throw new Error(`the focus does not come to ${name}`);
}

describe('coming and going', () => {
  test('a link from elsewhere leads over the login to its page', async () => {
    const change = await waiting(later());
    const page = await bed.visitor();
    await page.goto(`${at(change)}?from=mail`);
    await logIn(page, 'bob');
    await page.getByRole('heading', { name: change.target.label }).waitFor();
    expect(new URL(page.url()).pathname).toBe(at(change));
    expect(new URL(page.url()).search).toBe('?from=mail');
  });

  test('what is somebody else’s is not there, and the account is named', async () => {
    const change = await waiting(later());
    const page = await bed.as('erin', at(change));
    await page.getByRole('heading', { name: 'There is nothing here' }).waitFor();
    await page.getByText('Erin Ellis').first().waitFor();
  });

  test('a session that ends keeps what somebody writes', async () => {
    const change = await waiting(later());
    const page = await bed.as('bob', at(change));
    await action(page, 'Reject').click();
    await dialog(page).getByRole('textbox').fill('a long thought');
    await page.context().clearCookies();
    await confirm(page, 'Reject').click();
    await page.getByText('Your session has ended.').waitFor();
    await confirm(page, 'Cancel').click();
    await logIn(page, 'bob', 'Log in again');
    await action(page, 'Reject').click();
    expect(await dialog(page).getByRole('textbox').inputValue()).toBe('a long thought');
  });

  test('logging out ends it', async () => {
    const page = await bed.as('bob', '/me');
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.waitForURL(({ origin }) => origin !== bed.url.origin);
    await page.goto('/me');
    await page.getByRole('link', { name: 'Log in', exact: true }).waitFor();
  });
});

describe('an API that lies', () => {
  test.each<[string, (change: Record<string, unknown>) => void]>([
    ['about what was read', (change) => Object.assign(change['snapshot'] as object, { status: 'active' })],
    ['about what is asked', (change) => Object.assign(change['input'] as object, { sn: 'another' })],
    ['about who asks', (change) => Object.assign(change['requester'] as object, { subject: 'dave' })],
    ['about the policy', (change) => Object.assign(change['policy'] as object, { commentRequired: 'never' })],
  ])('%s gets no button', async (_what, lie) => {
    const change = await waiting(later());
    const page = await bed.visitor();
    await page.route(`**/api/v1/changes/${change.id}`, async (route) => {
      const answer = await passedOn(route);
      const told = (await answer.json()) as Record<string, unknown>;
      lie(told);
      await route.fulfill({ response: answer, json: told });
    });
    await page.goto(at(change));
    await logIn(page, 'bob');
    await page.getByText('Do not decide on it.').waitFor();
    expect(await page.locator('#actions').count()).toBe(0);
    await expectSound(page);
    await picture(page, 'lie');
  });
});

describe('what goes wrong', () => {
  const refusals = [
    [403, 'stronger_authentication_needed', 'The policy asks for a stronger, or a more recent, login.'],
    [409, 'decide_by_passed', 'The time to decide is over.'],
    [429, 'rate_limited', 'Too many requests. Wait a little.'],
    [500, 'internal_error', 'Something went wrong on the server.'],
  ] as const;
  test.each(refusals)('%i %s is said in words, with its code and request', async (status, code, sentence) => {
    const change = await waiting(later());
    const page = await bed.as('bob', at(change));
    await page.route('**/decisions', (route) =>
      route.fulfill({
        status,
        contentType: 'application/problem+json',
        headers: { 'x-request-id': 'a-request' },
        json: { type: `/problems/${code}`, title: code, status, code, detail: 'why', instance: 'urn:x' },
      }),
    );
    await action(page, 'Approve').click();
    await confirm(page, 'Approve').click();
    if (code === 'internal_error') {
      // Nobody knows how far it had come.
      await dialog(page).getByText('It is not known whether this has taken effect.').waitFor();
      return;
    }
    await dialog(page).getByText(sentence).waitFor();
    await dialog(page).getByText('a-request').waitFor();
    expect((await bed.users.alice.change(change.id)).decisions).toEqual([]);
  });

  test('an answer that is lost is looked for, and found', async () => {
    const change = await waiting(later());
    const page = await bed.as('bob', at(change));
    await page.route('**/decisions', async (route) => {
      await passedOn(route);
      await route.abort('connectionreset');
    });
    await action(page, 'Approve').click();
    await confirm(page, 'Approve').click();
    await page
      .getByText('You have approved this.')
      .or(page.getByText('Approved. It runs from'))
      .first()
      .waitFor();
    expect((await bed.users.alice.change(change.id)).decisions).toHaveLength(1);
    await dialog(page).waitFor({ state: 'hidden' });
  });

  test('a database that is away leaves what was seen, with its time, and nothing to press anew', async () => {
    const change = await waiting(later());
    const page = await bed.as('bob', at(change));
    await action(page, 'Approve').waitFor();
    await page.route('**/api/v1/changes/**', (route) =>
      route.fulfill({
        status: 503,
        contentType: 'application/problem+json',
        json: {
          type: 'x',
          title: 'x',
          status: 503,
          code: 'log_unavailable',
          detail: 'away',
          instance: 'urn:x',
        },
      }),
    );
    // Somebody comes back to the page; a fetch that had begun before may still be answered well.
    await eventually(async () => {
      await page.evaluate(`document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))`);
      await page.getByText('The database cannot be reached.').waitFor({ timeout: 10_000 });
      return true;
    });
    await page.getByText(change.justification).first().waitFor();
  });

  test('offline the last view stays, and nothing can be done', async () => {
    const change = await waiting(later());
    const page = await bed.as('bob', at(change));
    await action(page, 'Approve').waitFor();
    await page.context().setOffline(true);
    await page.getByText('You are offline.').waitFor();
    expect(await action(page, 'Approve').count()).toBe(0);
    await page.getByText(change.justification).first().waitFor();
    await page.context().setOffline(false);
    await action(page, 'Approve').waitFor();
  });
});

describe('words of others are text', () => {
  const hostile = `<script>window.caught = true</script><img src=x onerror="window.caught = true"> \u202Eevil\u202C [link](javascript:alert(1)) ${'long'.repeat(480)}`;
  test('in every place', async () => {
    const change = await waiting(
      { ...later(), justification: hostile.slice(0, 2000), ticket: { system: '<b>jira</b>', id: 'مرحبا' } },
      { caName: '<i>line</i>' },
    );
    for (const viewport of [phone, screen]) {
      const page = await bed.as('bob', at(change), { viewport });
      await page.getByText(same).waitFor();
      await page.getByText('<script>window.caught = true</script>').first().waitFor();
      await page.getByText('\\u{202e}evil').first().waitFor();
      expect(await page.evaluate(`'caught' in window`)).toBe(false);
      await expectSound(page);
      await picture(page, `hostile-${viewport.width}`);
      await page.goto('/');
      await page.getByText('<script>window.caught').first().waitFor();
      await expectSound(page);
    }
  });
});

describe('operators', () => {
  test('pause, resume and abandon', async () => {
    const change = await waiting(later());
    await decide(bed.users.bob, change);
    const page = await bed.as('olga', at(change));
    for (const [name, sentence] of [
      ['Pause', 'Paused by Olga Olsen.'],
      ['Resume', 'Approved. It runs from'],
      ['Abandon', 'It has ended: cancelled.'],
    ] as const) {
      await action(page, name).click();
      await dialog(page).getByRole('textbox').fill('because');
      await confirm(page, name).click();
      await page.getByText(sentence).first().waitFor();
    }
  });
});

describe('a new change', () => {
  test('is asked for by a form of the operation’s schema, beside what would hold', async () => {
    const sn = await bed.testbed.certificate();
    const page = await bed.as('alice', '/changes/new');
    await page.getByLabel('Operation').selectOption('ActiveCaCertificate');
    await page.getByLabel('Region').fill('cn-hangzhou');
    await page.getByLabel('Instance').fill(instance);
    await page.getByLabel(/^Serial number/).fill(sn);
    await page.getByText('Why this policy').waitFor();
    await expectSound(page);
    await picture(page, 'new-change');
    // It is not valid yet: the field that is at fault is named, and nothing is lost.
    await page.getByRole('button', { name: 'Ask for this change' }).click();
    await page.getByText('Something in it is not as it should be.').waitFor();
    await page.getByLabel('Why', { exact: true }).fill('line 4 is back');
    await page.reload();
    expect(await page.getByLabel(/^Serial number/).inputValue()).toBe(sn);
    await page.getByRole('button', { name: 'Ask for this change' }).click();
    await page.getByRole('heading', { name: sn }).waitFor();
    expect(new URL(page.url()).pathname).toMatch(/^\/changes\/[0-9a-f-]{36}$/);
    // For people, with its own name beside it.
    await page.locator('dt', { hasText: 'Serial number of the CA certificate sn' }).waitFor();
    await page.getByText('1 day after the approval').waitFor();
  });
});

describe('an auditor', () => {
  test('checks a change’s evidence with keys of their own, and saves it', async () => {
    const change = await waiting();
    await decide(bed.users.bob, change);
    await changeThat(bed.users.alice, change.id, ({ closedAt }) => closedAt !== null);
    const page = await bed.as('dave', at(change));
    await page.getByRole('link', { name: 'Audit: entries, proof and evidence pack' }).click();
    await page.getByText('Give other keys').waitFor();
    const fetchAndCheck = page.getByRole('button', { name: 'Fetch and check' });
    await fetchAndCheck.click();
    await page.getByText('you have given no key of the log').waitFor();
    await page.getByLabel('Or its text').fill(await readFile(bed.testbed.logPublicKey, 'utf8'));
    await eventually(async () => {
      await fetchAndCheck.click();
      await page.getByText('A key that you trust has signed the checkpoint.').waitFor({ timeout: 5000 });
      return true;
    });
    await page.getByText('Every entry is in the log under this checkpoint.').waitFor();
    await expectSound(page);
    await picture(page, 'audit');
    // Another time it has to continue what this browser has seen.
    await fetchAndCheck.click();
    await page.getByText('The log continues what this browser has verified before.').waitFor();
    const [saved] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save the evidence pack' }).click(),
    ]);
    expect(saved.suggestedFilename()).toBe(`countersign-change-${change.id}.tgz`);
    expect((await readFile(await saved.path())).subarray(0, 2)).toEqual(Buffer.from([0x1f, 0x8b]));
  });
});

describe('freezes', () => {
  test('are declared, drawn, listed and lifted by an admin', async () => {
    const reason = `maintenance of ${crypto.randomUUID()}`;
    const page = await bed.as('adam', '/freezes');
    await page.getByText('Declare a freeze').first().click();
    await page.getByLabel('Reason').fill(reason);
    // Of no target that another test has.
    await page.getByLabel('sn', { exact: true }).fill('no-such-serial-number');
    await page.getByRole('button', { name: 'Declare a freeze' }).click();
    await page.getByText('The freeze is declared.').first().waitFor();
    await page.getByRole('img', { name: /^Freezes and windows over time/ }).waitFor();
    await page.getByText(reason).first().waitFor();
    await expectSound(page);
    await picture(page, 'freezes-declared');
    await page.getByRole('button', { name: 'Lift' }).first().click();
    await confirm(page, 'Lift').click();
    await page.getByText('Lifted:').first().waitFor();
  });

  test('are overridden for one change by whom its policy names', async () => {
    const change = await waiting({}, { mqttInstanceId: frozen });
    const { id } = await bed.users.adam.post<{ id: string }>('/v1/freezes', {
      reason: 'the line is being moved',
      scope: { sn: change.input['sn'] },
    });
    await decide(bed.users.bob, change);
    await changeThat(bed.users.alice, change.id, ({ waitsFor }) => waitsFor?.freezeId === id);
    const others = await bed.as('bob', at(change));
    await others.getByText('A freeze holds it').waitFor();
    await others.getByText('What cannot be done now, and why').click();
    await others.getByText('Let it run in this freeze: You are not among those who decide this.').waitFor();
    expect(await action(others, 'Let it run in this freeze').count()).toBe(0);
    const page = await bed.as('carol', at(change));
    await page.getByText('A freeze holds it').waitFor();
    await action(page, 'Let it run in this freeze').click();
    await confirm(page, 'Let it run in this freeze').click();
    // Not without a comment.
    expect(await dialog(page).count()).toBe(1);
    await dialog(page).getByRole('textbox').fill('it cannot wait');
    await confirm(page, 'Let it run in this freeze').click();
    await page.getByText('It has ended: succeeded.').waitFor({ timeout: 120_000 });
  });
});

describe('the log', () => {
  test('is asked by an auditor once, and says so; others are told that it is not theirs', async () => {
    await waiting(later());
    const page = await bed.as('dave', '/audit');
    await page.getByText('Each query is recorded in the log, with your name.').waitFor();
    await page.getByLabel('What happened').selectOption('change.requested');
    await page.getByRole('button', { name: 'Ask the log' }).click();
    await page.getByText('As the bytes that are hashed').first().click();
    await page.getByText('"type":"change.requested"').first().waitFor();
    await expectSound(page);
    await picture(page, 'log');
    const others = await bed.as('bob', '/audit');
    await others.getByText('The log is for auditors').waitFor();
  });
});

describe.each([
  ['a phone', phone],
  ['a screen', screen],
])('on %s', (_name, viewport) => {
  describe.each(['light', 'dark'] as const)('in %s colours', (colorScheme) => {
    describe.each(['en-GB', 'zh-CN'])('in %s', (locale) => {
      test('every page is sound', async () => {
        const change = await waiting(later());
        const page = await bed.visitor({ viewport, colorScheme, locale });
        await page.goto('/');
        await expectSound(page);
        await logIn(page, 'olga', locale === 'en-GB' ? 'Log in' : '登录');
        for (const path of [
          '/',
          '/changes',
          at(change),
          '/changes/new',
          '/freezes',
          '/figures',
          '/policies',
          '/me',
          '/audit',
          '/nowhere',
        ]) {
          await page.goto(path);
          await page.getByRole('heading', { level: 1 }).waitFor();
          await expect.poll(() => page.locator('[aria-busy=true]').count(), { timeout: 60_000 }).toBe(0);
          await page.waitForLoadState('load');
          await expectSound(page);
          await picture(
            page,
            `page${path.replaceAll('/', '-').slice(0, 12)}-${viewport.width}-${colorScheme}-${locale}`,
          );
        }
      });
    });
  });
});
