import { spawnSync } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The console's page, from `console/page/` into the folder that the console serves. `npm run build` and `npm start` make it, the
 * latter only when something that it is made of is newer.
 */
const root = join(import.meta.dirname, '..');

/** Where the page is built to, unless somebody says otherwise. */
export const pageFolder = join(root, 'dist', 'console', 'page');

/** Builds the page. @param outDir - emptied before */
export function buildConsole(outDir: string = pageFolder): void {
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  const built = spawnSync(process.execPath, [vite, 'build', '--outDir', outDir, '--logLevel', 'warn'], {
    cwd: join(root, 'console', 'page'),
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: 'inherit',
  });
  if (built.status !== 0) throw new Error(`the console's page could not be built: exit code ${built.status}`);
}

/** What the page is made of: itself, the domain that it runs, and the libraries. */
const sources = ['console/page', 'domain', 'package-lock.json', 'scripts/build-console.ts'];

async function isStale(): Promise<boolean> {
  const built = await timeOf(join(pageFolder, 'index.html'));
  if (built === null) return true;
  const times = await Promise.all(sources.map((source) => newest(join(root, source))));
  return Math.max(...times) > built;
}

async function newest(path: string): Promise<number> {
  const found = await stat(path);
  if (!found.isDirectory()) return found.mtimeMs;
  const files = await readdir(path, { recursive: true });
  const times = await Promise.all(files.map((file) => timeOf(join(path, file))));
  return Math.max(found.mtimeMs, ...times.filter((time) => time !== null));
}

async function timeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).mtimeMs;
  } catch {
    return null;
  }
}

if (import.meta.main && (!process.argv.includes('--if-stale') || (await isStale()))) buildConsole();
