import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openGenerations } from '../../audit/generations.ts';

const parse = (json: unknown): number => {
  if (typeof json !== 'number') throw new Error('not a number');
  return json;
};

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'countersign-generations-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return join(path, 'memory');
}

test('each value follows the one before, and only the newest file stays', async () => {
  const path = await folder();
  const memory = await openGenerations(path, parse);
  expect(await memory.read()).toBeNull();
  const first = await memory.follow(null, 10);
  const second = await memory.follow(first, 20);
  expect(second).toEqual({ number: 2, value: 20 });
  expect(await (await openGenerations(path, parse)).read()).toEqual(second);
  expect(await readdir(path)).toEqual(['000000000002.json']);
  expect((await stat(join(path, '000000000002.json'))).mode & 0o777).toBe(0o600);
  expect((await stat(path)).mode & 0o777).toBe(0o700);
});

test('of two that follow the same generation one loses, however late it comes', async () => {
  const path = await folder();
  const [one, other] = await Promise.all([openGenerations(path, parse), openGenerations(path, parse)]);
  const start = await one.follow(null, 0);
  const kept = await one.follow(start, 1);
  expect(await other.follow(start, 99)).toBeNull();
  // The file in its way is gone by now, and still it has lost.
  const newest = await one.follow(await one.follow(kept, 2), 3);
  expect(await other.follow(start, 99)).toBeNull();
  expect(await other.read()).toEqual(newest);
  expect(await readdir(path)).toHaveLength(1);
});

test('32 at once: one goes on', async () => {
  const path = await folder();
  const memory = await openGenerations(path, parse);
  let before = await memory.follow(null, 0);
  for (let round = 0; round < 5; round += 1) {
    const outcomes = await Promise.all(Array.from({ length: 32 }, (_, n) => memory.follow(before, n)));
    const won = outcomes.filter((outcome) => outcome !== null);
    expect(won).toHaveLength(1);
    before = won[0] ?? null;
    expect(await memory.read()).toEqual(before);
  }
});

test('killed at any moment, it reads as the last value or the one after', async () => {
  const path = await folder();
  const memory = await openGenerations(path, parse);
  const module = new URL('../../audit/generations.ts', import.meta.url).href;
  const script = `
    import { openGenerations } from '${module}';
    const memory = await openGenerations(process.argv[1], (json) => json);
    for (let at = await memory.read(); ; ) {
      at = await memory.follow(at, (at?.value ?? 0) + 1);
      process.stdout.write(at.value + '\\n');
    }`;
  for (let round = 0; round < 3; round += 1) {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script, path]);
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (output.split('\n').length > 20 + round * 7) child.kill('SIGKILL');
    });
    await once(child, 'exit');
    const last = Number(output.trimEnd().split('\n').at(-1));
    const kept = await memory.read();
    expect(kept?.value).toBeGreaterThanOrEqual(last);
    expect(kept?.number).toBe(kept?.value);
  }
});

test('a spoilt memory is not an empty one', async () => {
  const path = await folder();
  const memory = await openGenerations(path, parse);
  await memory.follow(null, 1);
  await writeFile(join(path, '000000000002.json'), '{"half":');
  await expect(memory.read()).rejects.toThrow();
  await writeFile(join(path, '000000000002.json'), '"text"');
  await expect(memory.read()).rejects.toThrow('not a number');
});
