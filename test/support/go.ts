import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const env = { ...process.env, GOTOOLCHAIN: 'local' };

/**
 * Why the Go program in a folder cannot be had here, or null. It is told on stderr, too. What is wrong with the program
 * itself is no such reason.
 */
export async function whyNoGo(source: string): Promise<string | null> {
  const obstacle = await obstacleTo(source);
  if (obstacle !== null) process.stderr.write(`${source} is skipped: ${obstacle}\n`);
  return obstacle;
}

async function obstacleTo(source: string): Promise<string | null> {
  try {
    await run('go', ['version'], { env, timeout: 30_000 });
  } catch {
    return 'there is no go on PATH';
  }
  try {
    // All that needs the network, once a machine.
    await run('go', ['mod', 'download'], { cwd: source, env, timeout: 120_000 });
    return null;
  } catch (error) {
    return `go mod download failed: ${String((error as { stderr?: unknown }).stderr ?? error)}`;
  }
}

/** Builds the Go program of a folder. @returns its file, in another folder */
export async function buildGo(source: string, into: string): Promise<string> {
  const program = join(into, 'program');
  await run('go', ['build', '-mod=readonly', '-o', program, '.'], {
    cwd: source,
    env: { ...env, GOPROXY: 'off', GOFLAGS: '-buildvcs=false' },
    timeout: 200_000,
  });
  return program;
}
