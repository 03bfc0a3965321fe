import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Verdict } from '../../audit/verify/verdict.ts';
import { verifyInThread, verifyWithThreads } from '../../cli/verify-thread.ts';
import type { VerifyArguments } from '../../cli/verify-files.ts';
import { changeStory } from './change-story.ts';
import { makeKeys, signed } from './memory-log.ts';
import { changed, found, freshPath, packed, unpacked } from './pack-file.ts';
import { bodies, keys, packOf } from './pack-testbed.ts';

const verifier = join(import.meta.dirname, '..', '..', 'cli', 'verifier.ts');

async function argumentsFor(pack: string): Promise<VerifyArguments> {
  const trusted = await freshPath('trusted-keys.txt');
  await writeFile(trusted, keys.trusted);
  const unsaid = { since: undefined, maxAge: undefined, at: undefined };
  return { pack, keys: [trusted], ...unsaid, policies: [], json: true };
}

test('a small pack waits for no thread, and a wrong signature is found all the same', async () => {
  const at = bodies.findIndex(({ type }) => type === 'decision.approved');
  const forged = bodies.map((body, n) => (n === at ? signed(body, makeKeys()) : body));
  const said: string[] = [];
  const say = (line: string) => void said.push(line);
  const noModule = join(import.meta.dirname, 'no-such-module.ts');
  expect(await verifyWithThreads(noModule, await argumentsFor(await packOf(bodies)), say, say)).toBe(0);
  said.length = 0;
  expect(await verifyWithThreads(noModule, await argumentsFor(await packOf(forged)), say, say)).toBe(1);
  expect(found(JSON.parse(said.join('')) as Verdict)).toEqual([`badly_signed:statement@${at}`]);
});

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
  const said: string[] = [];
  const say = (line: string) => void said.push(line);
  expect(await verifyInThread(verifier, await argumentsFor(await packOf(entries)), say, say)).toBe(1);
  const verdict = JSON.parse(said.join('')) as Verdict;
  // After the entry of their policy.
  expect(found(verdict).sort()).toEqual(wrong.map((index) => `badly_signed:statement@${index + 3}`).sort());
  expect(verdict.checked.statements).toBe(600);
});

test.each(['ocsf.jsonl', 'entries.csv'])(
  '%s is made in the other thread, and an edit of it is found',
  async (name) => {
    const files = await unpacked(await readFile(await packOf(bodies)));
    const edited = await packed(changed(files, name, (text) => text.replace('bob', 'eve')));
    const said: string[] = [];
    const say = (line: string) => void said.push(line);
    expect(await verifyInThread(verifier, await argumentsFor(edited), say, say)).toBe(1);
    expect(found(JSON.parse(said.join('')) as Verdict)).toEqual(['altered:rendering']);
  },
);
