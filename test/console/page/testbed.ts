import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AxeResults } from 'axe-core';
import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { expect } from 'vitest';
import { buildConsole } from '../../../scripts/build-console.ts';
import { apiClient } from '../../../client/api-client.ts';
import { demoUsers, startWorkers } from '../../support/service.ts';
import { launchBrowser } from '../browser.ts';
import { startConsoleStack } from '../console-stack.ts';

/** The sizes that every page is tried at: a phone, and a screen. */
export const phone = { width: 360, height: 740 };
export const screen = { width: 1280, height: 900 };

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** A console with its built page over the real API, worker, log and provider, and one browser for all tests of a file. */
export async function startPageTestbed(overrides: Parameters<typeof startConsoleStack>[0] = {}) {
  const page = await mkdtemp(join(tmpdir(), 'countersign-page-'));
  buildConsole(page);
  const [stack, browser] = await Promise.all([startConsoleStack(overrides), launchBrowser()]);
  const [workers, served] = await Promise.all([
    startWorkers(stack.testbed),
    stack.serve({ page, port: Number(stack.url.port) }),
  ]);
  const users = Object.fromEntries(
    await Promise.all(
      demoUsers.map(async (user) => [user, apiClient(stack.api.url, await stack.api.tokenOf(user))] as const),
    ),
  );
  const contexts: BrowserContext[] = [];

  /** A person's own browser: no cookies, nothing kept. */
  async function visitor(options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({
      viewport: screen,
      locale: 'en-GB',
      timezoneId: 'UTC',
      baseURL: stack.url.origin,
      ...options,
    });
    contexts.push(context);
    context.setDefaultTimeout(60_000);
    return context.newPage();
  }

  return {
    ...stack,
    workers,
    browser,
    /** A client of the API for each demo user. */
    users: users as Record<(typeof demoUsers)[number], ReturnType<typeof apiClient>>,
    visitor,
    /** A demo user who has logged in, on a page. */
    async as(user: string, path = '/', options: BrowserContextOptions = {}): Promise<Page> {
      const page = await visitor(options);
      await page.goto(path);
      await logIn(page, user);
      return page;
    },
    /** Closes what the tests have opened. */
    async closePages(): Promise<void> {
      await Promise.all(contexts.splice(0).map((context) => context.close()));
    },
    async stop(): Promise<void> {
      await browser.close();
      await served.stop();
      await workers.stop();
      await stack.stop();
      await rm(page, { recursive: true, force: true });
    },
  };
}
export type PageTestbed = Awaited<ReturnType<typeof startPageTestbed>>;

/** From the page that asks for it over the provider's and back. */
export async function logIn(page: Page, user: string, name = 'Log in'): Promise<void> {
  await page.getByRole('link', { name, exact: true }).click();
  await page.locator(`button[value="${user}"]`).click();
  await page.locator('nav').waitFor({ state: 'attached' });
}

/** That axe finds nothing against WCAG 2.2 AA, that nothing is wider than the screen, and that there is one heading of the first level. */
export async function expectSound(page: Page): Promise<void> {
  await page.evaluate(axe);
  const { violations } = await page.evaluate<AxeResults>(
    `axe.run({
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
      resultTypes: ['violations'],
    })`,
  );
  const told = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
  expect(told).toEqual([]);
  expect(await tooWide(page)).toEqual([]);
  expect(await page.locator('h1').count()).toBe(1);
}

/** What reaches over the screen's edge. */
function tooWide(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(
    `[...document.querySelectorAll('body *')]
      .filter((element) => {
        const { right, width, height } = element.getBoundingClientRect();
        const isSeen = width > 1 && height > 1 && element.closest('.unseen, svg') === null;
        return isSeen && right > document.documentElement.clientWidth + 1;
      })
      .map((element) => element.tagName + ' ' + element.textContent.slice(0, 80))`,
  );
}

/** Saves a picture where `SCREENSHOTS` names a folder, to be looked at. */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env['SCREENSHOTS'];
  if (folder !== undefined) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}
