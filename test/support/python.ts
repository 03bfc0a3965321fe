import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
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

/** A running Python program. */
export interface PythonProgram {
  readonly output: () => string;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** By SIGKILL where it has not ended. */
  stop(): Promise<void>;
}

/**
 * Starts a Python program, and waits until it has printed a line.
 * @throws Error with its output where it ends before
 */
export async function startPython(
  file: string,
  env: NodeJS.ProcessEnv,
  ready = 'worker runs',
): Promise<PythonProgram> {
  const child = spawn('python3', [file], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'exit');
  let output = '';
  const isReady = new Promise<void>((resolve) => {
    const read = (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes(ready)) resolve();
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
  });
  const ended = exited.then(() => {
    throw new Error(`${file} ended before it was ready:\n${output}`);
  });
  await Promise.race([isReady, ended]);
  ended.catch(() => undefined);
  return {
    output: () => output,
    kill: (signal) => void child.kill(signal),
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await exited;
    },
  };
}
