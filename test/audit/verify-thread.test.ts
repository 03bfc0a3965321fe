import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Verdict } from '../../audit/verify/verdict.ts';
import { verifyInThread } from '../../cli/verify-thread.ts';
import { changeStory } from './change-story.ts';
import { makeKeys, signed } from './memory-log.ts';
import { found, freshPath } from './pack-file.ts';
import { keys, packOf } from './pack-testbed.ts';

const verifier = join(import.meta.dirname, '..', '..', 'cli', 'verifier.ts');

test('signatures are shared between two threads, and a wrong one is found wherever it is checked', async () => {
  const mallory = makeKeys();
  const wrong = [10, 1000, 2000, 2990];
  const entries = Array.from({ length: 300 }, () => {
    const s = changeStory();
    const filler = Array.from({ length: 6 }, () => s.entry('integrity.mismatch'));
    return [s.requested(), s.prechecked(), s.approved(), s.scheduled(), ...filler];
  })
    .flat()
    .map((body, index) =>
      signed(body, wrong.includes(index - (index % 10)) && index % 10 === 2 ? mallory : keys),
    );
  const pack = await packOf(entries);
  const trusted = await freshPath('trusted-keys.txt');
  await writeFile(trusted, keys.trusted);
  const said: string[] = [];
  const say = (line: string) => void said.push(line);
  const args = {
    pack,
    keys: [trusted],
    since: undefined,
    maxAge: undefined,
    at: undefined,
    policies: [],
    json: true,
  };
  expect(await verifyInThread(verifier, args, say, say)).toBe(1);
  const verdict = JSON.parse(said.join('')) as Verdict;
  // After the entry of their policy.
  expect(found(verdict).sort()).toEqual(wrong.map((index) => `badly_signed:statement@${index + 3}`).sort());
  expect(verdict.checked.statements).toBe(600);
});
