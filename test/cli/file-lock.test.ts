import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { underLock } from '../../cli/login/file-lock.ts';
import { temporaryHome } from '../support/stack.ts';

let home: string;
beforeAll(async () => {
  home = await temporaryHome();
});
afterAll(() => rm(home, { recursive: true, force: true }));

const times = { staleMs: 30_000, everyMs: 5 };
const isThere = (file: string) =>
  access(file).then(
    () => true,
    () => false,
  );

/** A process of this machine that lives no more. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  return child.pid ?? 0;
}

test('of many at once one works at a time, and the lock is gone when all have', async () => {
  const file = join(home, 'many.lock');
  let [inside, most, done] = [0, 0, 0];
  await Promise.all(
    Array.from({ length: 20 }, () =>
      underLock(
        file,
        async () => {
          most = Math.max(most, ++inside);
          await new Promise((resolve) => setImmediate(resolve));
          inside--;
          done++;
        },
        times,
      ),
    ),
  );
  expect([most, done, await isThere(file)]).toEqual([1, 20, false]);
});

test('what fails gives the lock back', async () => {
  const file = join(home, 'fails.lock');
  await expect(underLock(file, () => Promise.reject(new Error('no')), times)).rejects.toThrow('no');
  expect(await isThere(file)).toBe(false);
});

test('the lock of a process that was killed is taken at once, by one of those who wait', async () => {
  const file = join(home, 'dead.lock');
  await writeFile(file, JSON.stringify({ id: 'x', host: hostname(), pid: await deadPid() }));
  let [inside, most] = [0, 0];
  const one = () =>
    underLock(
      file,
      async () => {
        most = Math.max(most, ++inside);
        await new Promise((resolve) => setImmediate(resolve));
        inside--;
      },
      times,
    );
  await Promise.all([one(), one(), one()]);
  expect(most).toBe(1);
});

test('that of a process which lives, or of another machine, is waited for until it is too old', async () => {
  for (const holder of [
    { id: 'x', host: hostname(), pid: process.pid },
    { id: 'x', host: 'elsewhere', pid: await deadPid() },
  ]) {
    const file = join(home, `${holder.host}.lock`);
    await writeFile(file, JSON.stringify(holder));
    let worked = false;
    const work = underLock(
      file,
      () => {
        worked = true;
        return Promise.resolve();
      },
      times,
    );
    // Long enough for many looks at it.
    await new Promise((resolve) => setTimeout(resolve, 20 * times.everyMs));
    expect(worked).toBe(false);
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(holder);
    const long = new Date(Date.now() - 2 * times.staleMs);
    await utimes(file, long, long);
    await work;
    expect(worked).toBe(true);
  }
});
