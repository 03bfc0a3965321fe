import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { access, mkdir, rename, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const cache = fileURLToPath(new URL('../../.countersign/test-cache/', import.meta.url));
const installMs = 540_000;

async function works(file: string, ...parameters: string[]): Promise<boolean> {
  return run(file, parameters).then(
    () => true,
    () => false,
  );
}

/** What this machine lacks for Python's packages; null when it lacks nothing. */
export async function missingForPython(): Promise<string | null> {
  if (!(await works('python3', '--version'))) return 'python3 is missing';
  return (await works('python3', '-m', 'pip', '--version')) ? null : 'pip is missing';
}

/**
 * Installs packages of PyPI once, for all runs of this clone, and gives their folder (for PYTHONPATH), which appears under its
 * name only when it is complete. Some packages are compiled for one version of Python, so each version has a folder of its own.
 *
 * @param name - of the folder; another set or version of packages needs another one
 */
export async function pipFolder(name: string, ...packages: readonly string[]): Promise<string> {
  const { stdout } = await run('python3', ['-c', 'import sys; print(sys.implementation.cache_tag)']);
  const folder = `${cache}${name}-${stdout.trim()}`;
  const isThere = await access(folder).then(
    () => true,
    () => false,
  );
  if (isThere) return folder;
  await mkdir(cache, { recursive: true });
  const target = `${cache}incomplete-${randomUUID()}`;
  try {
    await run('python3', ['-m', 'pip', 'install', '--quiet', '--target', target, ...packages], {
      timeout: installMs,
    });
    await rename(target, folder).catch((error: unknown) => {
      // Another run was faster: its folder serves as well.
      if (!['ENOTEMPTY', 'EEXIST'].includes((error as { code?: string }).code ?? '')) throw error;
    });
  } finally {
    await rm(target, { recursive: true, force: true });
  }
  return folder;
}

/** Versions of Temporal's Python SDK and of what it needs. */
const temporalPackages = [
  'temporalio==1.35.0',
  'nexus-rpc==1.4.0',
  'protobuf==7.36.2',
  'typing_extensions==4.16.0',
];

/** The environment of a Python program that imports `temporalio`, which is installed once, by {@link pipFolder}. */
export async function temporalPython(): Promise<NodeJS.ProcessEnv> {
  const folder = await pipFolder('python-temporalio-1.35.0', ...temporalPackages);
  return { ...process.env, PYTHONPATH: folder, PYTHONUNBUFFERED: '1', PYTHONDONTWRITEBYTECODE: '1' };
}
