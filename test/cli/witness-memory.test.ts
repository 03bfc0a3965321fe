import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { witnessKeys, witnessMemory } from '../../cli/keys.ts';
import { readEnvironment } from '../../cli/environment.ts';
import { beginWitness } from '../../cli/run-witness.ts';

async function home(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'countersign-witness-home-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

test('memory begins with the key that is made, and never again by itself', async () => {
  const path = await home();
  const env = readEnvironment({ COUNTERSIGN_HOME: path });
  await witnessKeys(env);
  expect((await (await witnessMemory(env)).read())?.value.cosigned).toEqual({});
  await expect(beginWitness(env)).rejects.toMatchObject({ code: 'invalid_request' });
  const folder = join(path, 'witness', 'memory');
  for (const name of await readdir(folder)) await rm(join(folder, name));
  await witnessKeys(env);
  expect(await (await witnessMemory(env)).read()).toBeNull();
  await rm(folder, { recursive: true });
  await witnessKeys(env);
  expect(await (await witnessMemory(env)).read()).toBeNull();
  await beginWitness(env);
  expect((await (await witnessMemory(env)).read())?.value.cosigned).toEqual({});
});

test('with a key that was given, an admin begins the memory', async () => {
  const path = await home();
  const made = await witnessKeys(readEnvironment({ COUNTERSIGN_HOME: await home() }));
  const key = join(path, 'given.key');
  await writeFile(key, await readFile(made.privateKey));
  const env = readEnvironment({ COUNTERSIGN_HOME: path, COUNTERSIGN_WITNESS_KEY: key });
  await witnessKeys(env);
  expect(await (await witnessMemory(env)).read()).toBeNull();
  await beginWitness(env);
  expect(await (await witnessMemory(env)).read()).not.toBeNull();
});
