import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { apiClient } from '../client/api-client.ts';
import type { Running } from '../cli/run-start.ts';
import { workflowIdOf } from '../domain/change.ts';
import { fetchDemoToken } from '../embedded/identity-provider.ts';
import { buildConsole } from '../scripts/build-console.ts';
import { launchBrowser } from '../test/console/browser.ts';
import { percentile, rounded } from './measure.ts';
import { startEverything } from './start.ts';
import { patiently, removeHome, temporaryHome } from './testbed.ts';

/** A slow phone on a slow network: what Chromium's developer tools call "Slow 4G", and a processor four times slower. */
const network = { offline: false, downloadThroughput: 180_000, uploadThroughput: 84_375, latency: 562.5 };
const processorSlowness = 4;
/** So long without a long task, and with two requests at most, is quiet; ms. */
const quietMs = 5000;

interface Loaded {
  readonly largestPaintMs: number;
  readonly interactiveMs: number;
  readonly kilobytes: number;
}

/**
 * First views of the console and of Temporal's own web UI, which this machine serves too, each in a fresh browser on a slow phone:
 * its largest paint and when it was interactive (after its last task of more than 50 ms before five quiet seconds).
 */
export async function benchPage(rounds: number) {
  const home = await temporaryHome(true);
  const page = join(home, 'page');
  buildConsole(page);
  const started = await startEverything(home, { CONSOLE_PAGE: page });
  const browser = await launchBrowser();
  try {
    const running = JSON.parse(await readFile(join(home, 'running.json'), 'utf8')) as Running;
    const { temporalUi } = JSON.parse(await readFile(join(home, 'ports.json'), 'utf8')) as {
      temporalUi: number;
    };
    const ids = await askFor(running, 20);
    const loggedIn = await logIn(browser, running.console);
    const temporal = `http://127.0.0.1:${temporalUi}/namespaces/default/workflows`;
    const [id = ''] = ids;
    const views = {
      consoleHome: { url: running.console, context: loggedIn },
      consoleChange: { url: `${running.console}/changes/${id}`, context: loggedIn },
      temporalList: { url: temporal, context: {} },
      temporalWorkflow: { url: `${temporal}/${workflowIdOf(id)}`, context: {} },
    };
    const loads = new Map<string, Loaded[]>();
    for (let round = 0; round < rounds; round += 1) {
      for (const [name, { url, context }] of Object.entries(views)) {
        loads.set(name, [...(loads.get(name) ?? []), await load(browser, url, context)]);
      }
    }
    const median = (name: keyof typeof views, member: keyof Loaded) =>
      rounded(
        percentile(
          (loads.get(name) ?? []).map((one) => one[member]),
          50,
        ),
        0,
      );
    const summary = (name: keyof typeof views) => ({
      largestPaintMs: median(name, 'largestPaintMs'),
      interactiveMs: median(name, 'interactiveMs'),
      kilobytes: median(name, 'kilobytes'),
    });
    const ratio = (ours: keyof typeof views, theirs: keyof typeof views) => ({
      largestPaint: rounded(median(ours, 'largestPaintMs') / median(theirs, 'largestPaintMs'), 2),
      interactive: rounded(median(ours, 'interactiveMs') / median(theirs, 'interactiveMs'), 2),
    });
    return {
      rounds,
      network: 'Slow 4G',
      processorSlowness,
      ...Object.fromEntries(Object.keys(views).map((name) => [name, summary(name as keyof typeof views)])),
      homeByTemporalList: ratio('consoleHome', 'temporalList'),
      changeByTemporalWorkflow: ratio('consoleChange', 'temporalWorkflow'),
      target: 'ratios < 1',
    };
  } finally {
    await browser.close();
    await started.stop();
    await removeHome(home);
  }
}

/** So many changes that wait for their approval. */
async function askFor({ api, issuer }: Running, count: number): Promise<string[]> {
  const alice = apiClient(api, await fetchDemoToken(issuer, 'alice'));
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) {
    const { id } = await alice.post<{ id: string }>('/v1/changes', {
      operation: 'ActiveCaCertificate',
      input: { regionId: 'cn-hangzhou', mqttInstanceId: 'post-cn-bench0001', sn: `BENCHPAGE${n}` },
      justification: 'Line 4 was moved to the new gateway; its devices must connect again.',
    });
    ids.push(id);
  }
  await patiently(async () => {
    const change = await alice.change(ids[0] ?? '');
    if (change.digest === null && change.closedAt === null) throw new Error('the target is not read yet');
  });
  return ids;
}

/** What a browser keeps of bob once he has logged in. */
async function logIn(browser: Browser, url: string): Promise<BrowserContextOptions> {
  const context = await browser.newContext({ baseURL: url });
  const page = await context.newPage();
  await page.goto(url);
  await page.getByRole('link', { name: 'Log in', exact: true }).click();
  await page.locator('button[value="bob"]').click();
  await page.locator('nav').waitFor({ state: 'attached' });
  const storageState = await context.storageState();
  await context.close();
  return { storageState };
}

async function load(browser: Browser, url: string, kept: BrowserContextOptions): Promise<Loaded> {
  const context = await browser.newContext({ viewport: { width: 360, height: 740 }, ...kept });
  const page = await context.newPage();
  const cdp = await context.newCDPSession(page);
  await cdp.send('Network.enable');
  await cdp.send('Network.emulateNetworkConditions', network);
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: processorSlowness });
  const open = new Set<string>();
  let bytes = 0;
  let lastRequestAt = performance.now();
  const over = ({ requestId }: { requestId: string }) => {
    open.delete(requestId);
    lastRequestAt = performance.now();
  };
  cdp.on('Network.requestWillBeSent', ({ requestId }) => open.add(requestId));
  cdp.on('Network.loadingFinished', (finished) => {
    bytes += finished.encodedDataLength;
    over(finished);
  });
  cdp.on('Network.loadingFailed', over);
  await page.addInitScript(`
    window.seen = { paint: 0, task: 0 };
    new PerformanceObserver((list) => {
      for (const { startTime } of list.getEntries()) window.seen.paint = startTime;
    }).observe({ type: 'largest-contentful-paint', buffered: true });
    new PerformanceObserver((list) => {
      for (const { startTime, duration } of list.getEntries()) window.seen.task = startTime + duration;
    }).observe({ type: 'longtask', buffered: true });`);
  await page.goto(url, { waitUntil: 'load', timeout: 120_000 });
  const seen = () =>
    page.evaluate<{ paint: number; task: number; now: number }>(
      '({ ...window.seen, now: performance.now() })',
    );
  const until = performance.now() + 120_000;
  for (;;) {
    const { paint, task, now } = await seen();
    const isQuiet = now - task > quietMs && now - paint > quietMs && open.size <= 2;
    if (isQuiet && performance.now() - lastRequestAt > quietMs) {
      await context.close();
      return {
        largestPaintMs: paint,
        interactiveMs: Math.max(paint, task),
        kilobytes: bytes / 1000,
      };
    }
    if (performance.now() > until) throw new Error(`${url} did not come to rest`);
    await delay(250);
  }
}
