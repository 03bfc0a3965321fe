import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { freePort } from '../../embedded/free-port.ts';
import { apiClient } from '../../client/api-client.ts';
import { openImplementations, openOperations } from '../../cli/operations.ts';
import { makeImplementations } from '../../operations/implementations.ts';
import { makePool } from '../../store/pool.ts';
import { bundledBy } from '../support/operations.ts';
import { startProcess } from '../support/process.ts';
import { eventually, startTestbed } from '../support/service.ts';

const own = join(import.meta.dirname, '..', 'support', 'own-operation');
const definition = join(own, 'definition.ts');
const implementation = join(own, 'implementation.ts');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-own-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

/** A definition as a file without imports has it; `defineOperation` is called by who loads it. */
const raw = (name: string) => `
  const own = (await import(${JSON.stringify(definition)})).default;
  export default { ...own, name: ${JSON.stringify(name)} };`;

describe('files of operations', () => {
  test('are loaded beside the bundled ones, one or several of a file', async () => {
    const list = await file(
      'list.mjs',
      `const own = (await import(${JSON.stringify(definition)})).default;
       export default ['A', 'B'].map((name) => ({ ...own, name }));`,
    );
    const operations = await openOperations({ COUNTERSIGN_OPERATIONS: ` ${definition}, ${list}` });
    expect(operations.list.slice(-3).map(({ name }) => name)).toEqual(['OwnOperation', 'A', 'B']);
  });

  test.each<[string, () => Promise<string> | string, string]>([
    ['is not there', () => join(folder, 'none.mjs'), 'none.mjs'],
    ['is no JavaScript', () => file('broken.mjs', 'export default {'), 'broken.mjs'],
    ['throws', () => file('throws.mjs', 'throw new Error("no such key")'), 'no such key'],
    ['exports nothing', () => file('nothing.mjs', 'export const a = 1;'), 'nothing.mjs'],
    ['exports a text', () => file('text.mjs', 'export default "RevokeLicence";'), 'text.mjs'],
    ['exports half a definition', () => file('half.mjs', 'export default { name: "Half" };'), 'Half'],
    [
      'has the name of a bundled one',
      () => file('clash.mjs', raw('ActiveCaCertificate')),
      'ActiveCaCertificate',
    ],
    ['is given twice', () => `${definition},${definition}`, 'OwnOperation'],
  ])('that %s: one clear error', async (_what, path, named) => {
    await expect(openOperations({ COUNTERSIGN_OPERATIONS: await path() })).rejects.toMatchObject({
      code: 'invalid_configuration',
      message: expect.stringContaining(named) as string,
    });
  });
});

test('a file that is not loaded in time: one clear error', async () => {
  const path = await file('slow.mjs', 'await new Promise(() => {});');
  await expect(openOperations({ COUNTERSIGN_OPERATIONS: path }, 50)).rejects.toMatchObject({
    code: 'invalid_configuration',
    message: expect.stringContaining('slow.mjs: it was not loaded') as string,
  });
});

describe('files of implementations', () => {
  const bundled = bundledBy('http://127.0.0.1:1');

  test('are loaded with their operation', async () => {
    const operations = await openOperations({ COUNTERSIGN_OPERATIONS: definition });
    const loaded = await openImplementations({ COUNTERSIGN_IMPLEMENTATIONS: implementation });
    expect(makeImplementations(operations, [...bundled, ...loaded]).get('OwnOperation')).toBe(loaded[0]);
  });

  test('that give none: one clear error', async () => {
    const wrong = { COUNTERSIGN_IMPLEMENTATIONS: definition };
    await expect(openImplementations(wrong)).rejects.toMatchObject({
      code: 'invalid_configuration',
      errors: [{ field: 'COUNTERSIGN_IMPLEMENTATIONS' }],
    });
  });

  test('without their definition, or the other way round: one clear error', async () => {
    const loaded = await openImplementations({ COUNTERSIGN_IMPLEMENTATIONS: implementation });
    const named = expect.objectContaining({
      code: 'invalid_configuration',
      message: expect.stringContaining('OwnOperation') as string,
    }) as Error;
    const without = await openOperations({});
    expect(() => makeImplementations(without, [...bundled, ...loaded])).toThrow(named);
    const defined = await openOperations({ COUNTERSIGN_OPERATIONS: definition });
    expect(() => makeImplementations(defined, bundled)).toThrow(named);
  });
});

test('the API loads the definitions and never an implementation; the worker loads both', async () => {
  const testbed = await startTestbed();
  onTestFinished(() => testbed.stop());
  const mark = join(folder, 'mark');
  const port = '0';
  const env = {
    COUNTERSIGN_OPERATIONS: definition,
    COUNTERSIGN_IMPLEMENTATIONS: implementation,
    LOADED_MARK: mark,
  };
  const isMarked = () =>
    access(mark).then(
      () => true,
      () => false,
    );
  const api = await startProcess(testbed, 'api', { ...env, PORT: String(await freePort()) });
  onTestFinished(() => api.stop());
  const [, listening = port] = /"port":(\d+)/.exec(api.output()) ?? [];
  const client = apiClient(`http://127.0.0.1:${listening}`, await testbed.identity.tokenFor('bob'));
  const { items } = await eventually(() => client.get<{ items: { name: string }[] }>('/v1/operations'));
  expect(items.map(({ name }) => name)).toContain('OwnOperation');
  expect(await isMarked()).toBe(false);
  const worker = await startProcess(testbed, 'worker', env);
  onTestFinished(() => worker.stop());
  expect(await isMarked()).toBe(true);
});

test('a worker tells what files declare in the log, and none starts with a wrong file', async () => {
  const testbed = await startTestbed();
  onTestFinished(() => testbed.stop());
  const right = join(import.meta.dirname, '..', '..', 'examples', 'own-operation-python', 'operations.yaml');
  const worker = await startProcess(testbed, 'worker', { COUNTERSIGN_OPERATIONS: right });
  onTestFinished(() => worker.stop());
  const pool = makePool({ connectionString: testbed.database.url('reader'), applicationName: 'test' });
  onTestFinished(() => pool.end());
  const told = await eventually(async () => {
    const { rows } = await pool.query<{ body: { operations: { name: string; declaration: unknown }[] } }>(
      `select convert_from(bytes, 'UTF8')::jsonb as body from audit.entry where type = 'operations.loaded'`,
    );
    return rows[0]?.body ?? null;
  });
  expect(told.operations).toHaveLength(5);
  expect(told.operations.at(-1)).toMatchObject({
    name: 'CloseAccount',
    declaration: { worker: { taskQueue: 'accounts-python', readSeconds: 20, callSeconds: 60 } },
  });
  const wrong = await file('wrong.yaml', (await readFile(right, 'utf8')).replace('name:', 'nmae:'));
  for (const process of ['api', 'worker'] as const)
    await expect(startProcess(testbed, process, { COUNTERSIGN_OPERATIONS: wrong })).rejects.toThrow(
      /wrong\.yaml:3: error: operations\.0\.nmae: no such field \(unknown_field\)/u,
    );
});
