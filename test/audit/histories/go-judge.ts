import { execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const source = join(import.meta.dirname, '..', 'judge');
const env = { ...process.env, GOTOOLCHAIN: 'local', GOPROXY: 'off', GOFLAGS: '-buildvcs=false' };

/** A log as the judge is given it: entries one a line, the checkpoint, the keys that are trusted. */
export interface JudgedLog {
  readonly entries: string;
  readonly checkpoint: string;
  readonly keys: string;
}

/** What it says: the first entry that is not as it should be (null: the log as a whole), and why. */
export interface Judgement {
  readonly valid: boolean;
  readonly index: number | null;
  readonly code?: string;
  readonly findings?: readonly { readonly index: number; readonly code: string }[];
}

/** Whether there is a Go to build the judge with. */
export async function hasGo(): Promise<boolean> {
  try {
    await run('go', ['version'], { env, timeout: 30_000 });
    return true;
  } catch {
    return false;
  }
}

/** Builds the judge, which needs nothing but Go's standard library. @returns the program's path */
export async function buildJudge(folder: string): Promise<string> {
  const program = join(folder, 'judge');
  await run('go', ['build', '-o', program, '.'], { cwd: source, env, timeout: 200_000 });
  return program;
}

/** What it says of each log, in their order. */
export async function judgeAll(program: string, logs: readonly JudgedLog[]): Promise<Judgement[]> {
  const child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] });
  const answer: Buffer[] = [];
  child.stdout.on('data', (part: Buffer) => answer.push(part));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  for (const log of logs) child.stdin.write(`${JSON.stringify(log)}\n`);
  child.stdin.end();
  const code = await ended;
  if (code !== 0) throw new Error(`the judge ended with ${code}`);
  const lines = Buffer.concat(answer).toString().split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Judgement);
}
