import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium } from 'playwright-core';
import type { Browser } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];

/** A browser for tests and screenshots: the one that the environment names, an installed one, else one out of a package. */
export interface FoundBrowser {
  readonly path: string;
  readonly args: readonly string[];
}

/**
 * Finds a Chromium.
 * @throws Error saying what to do where there is none: a test of the page is never skipped in silence
 */
export async function findBrowser(env: NodeJS.ProcessEnv = process.env): Promise<FoundBrowser> {
  const named = env.CHROMIUM_PATH;
  if (named !== undefined) {
    if (!existsSync(named)) throw new Error(`CHROMIUM_PATH names ${named}, and there is no such file`);
    return { path: named, args: ownArgs };
  }
  for (const folder of (env.PATH ?? '').split(delimiter)) {
    const found = names.map((name) => join(folder, name)).find((path) => existsSync(path));
    if (found !== undefined) return { path: found, args: ownArgs };
  }
  if (process.platform === 'linux' && process.arch === 'x64') {
    const { default: carried } = await import('@sparticuz/chromium');
    return { path: await carried.executablePath(), args: ownArgs };
  }
  throw new Error(
    'The tests of the console’s page need a Chromium or Chrome, and none was found. Install one, or name it by CHROMIUM_PATH.',
  );
}

/** As root there is no sandbox of Chromium's; what it loads here is ours. */
const ownArgs = ['--no-sandbox', '--disable-dev-shm-usage'];

/** Starts the browser that is found. */
export async function launchBrowser(): Promise<Browser> {
  const { path, args } = await findBrowser();
  return chromium.launch({ executablePath: path, args: [...args] });
}
