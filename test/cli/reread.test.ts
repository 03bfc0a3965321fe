import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { rereadOnHangup } from '../../cli/reread.ts';
import { temporaryHome } from '../support/stack.ts';
import { readSecret } from '../../cli/secret-file.ts';

let file: string;
const told: string[] = [];
const log = {
  info: (text: string) => void told.push(text),
  error: (_members: object, text: string) => void told.push(text),
};

beforeEach(async () => {
  told.length = 0;
  const home = await temporaryHome();
  const before = process.listeners('SIGHUP');
  file = join(home, 'secret');
  await writeFile(file, 'first');
  onTestFinished(async () => {
    for (const listener of process.listeners('SIGHUP')) {
      if (!before.includes(listener)) process.off('SIGHUP', listener);
    }
    await rm(home, { recursive: true, force: true });
  });
});

test('what was replaced is read again at SIGHUP', async () => {
  const secret = await rereadOnHangup(() => readSecret(file), log as never, 'the secrets');
  await writeFile(file, 'second');
  expect(secret()).toBe('first');
  process.emit('SIGHUP');
  await expect.poll(secret).toBe('second');
  expect(told).toEqual(['the secrets were read again']);
});

test('what is wrong is told, and changes nothing', async () => {
  const secret = await rereadOnHangup(() => readSecret(file), log as never, 'the secrets');
  await rm(file);
  process.emit('SIGHUP');
  await expect.poll(() => told).toEqual(['the secrets could not be read again; those of before hold']);
  expect(secret()).toBe('first');
  await writeFile(file, 'third');
  process.emit('SIGHUP');
  await expect.poll(secret).toBe('third');
});

test('of two signals the later one has the last word, however long the earlier read takes', async () => {
  const waits = [0, 200, 0];
  let reads = 0;
  const secret = await rereadOnHangup(
    async () => {
      const mine = reads;
      reads += 1;
      await new Promise((resolve) => setTimeout(resolve, waits[mine]));
      return mine;
    },
    log as never,
    'the numbers',
  );
  process.emit('SIGHUP');
  process.emit('SIGHUP');
  await expect.poll(() => told.length).toBe(2);
  expect(secret()).toBe(2);
});

test('at the start, what cannot be read is an error', async () => {
  await rm(file);
  await expect(rereadOnHangup(() => readSecret(file), log as never, 'the secrets')).rejects.toMatchObject({
    code: 'invalid_configuration',
  });
});
