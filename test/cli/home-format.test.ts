import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { assertHomeFormat } from '../../cli/home-format.ts';
import { temporaryHome } from '../support/stack.ts';

async function home(): Promise<string> {
  const made = await temporaryHome();
  onTestFinished(() => rm(made, { recursive: true, force: true }));
  return made;
}

test('a new home gets the number once, also one with keys and programs alone', async () => {
  for (const folders of [[], ['keys', 'bin', 'cache']]) {
    const made = await home();
    for (const folder of folders) await mkdir(join(made, folder));
    await Promise.all(Array.from({ length: 5 }, () => assertHomeFormat(made)));
    expect(await readFile(join(made, 'format'), 'utf8')).toBe('4\n');
    await mkdir(join(made, 'postgres'));
    await assertHomeFormat(made);
  }
  // Where no folder is, either.
  const none = join(await home(), 'none', 'yet');
  await assertHomeFormat(none);
  expect(await readdir(none)).toEqual(['format']);
});

test.each(['postgres', 'temporal.db'])('a home with %s and no number is refused as it is', async (name) => {
  const made = await home();
  await mkdir(join(made, name));
  await expect(assertHomeFormat(made)).rejects.toMatchObject({
    code: 'invalid_configuration',
    message: expect.stringMatching(/format 1, this version has 4.*move the folder away/) as string,
  });
  expect(await readdir(made)).toEqual([name]);
});

test.each(['1', '2', '3', '5', '', 'two'])(
  'a home whose number is "%s" is refused as it is',
  async (number) => {
    const made = await home();
    await writeFile(join(made, 'format'), number);
    await expect(assertHomeFormat(made)).rejects.toMatchObject({ code: 'invalid_configuration' });
    expect(await readFile(join(made, 'format'), 'utf8')).toBe(number);
  },
);
