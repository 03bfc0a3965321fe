import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { codesOf, compareJudges, difference } from './histories/compare-judges.ts';
import type { Compared } from './histories/compare-judges.ts';
import { hasGo } from './histories/go-judge.ts';

/*
 * test/audit/judge judges a log by the documentation, in another language, with none of our code. On random logs it has to say
 * what the verifier says: on good ones, and on such as somebody has tampered with who then had the log's keys, or the API's as well.
 */

const isThere = await hasGo();
if (!isThere) process.stderr.write('test/audit/judge is skipped: there is no go on PATH\n');

/** The codes of docs/auditing.md. */
function documentedCodes(): string[] {
  const page = readFileSync(join(import.meta.dirname, '../../docs/auditing.md'), 'utf8');
  const [, section = ''] = page.split('### Codes of entries\n');
  const rows = (section.split('\n### ')[0] ?? '').matchAll(/^\| (`[^|]*`) *\|/gm);
  return [...rows].flatMap(([, cell = '']) => [...cell.matchAll(/`(\w+)`/g)].map(([, code = '']) => code));
}

test('the page has the code of each rule', () => {
  const folder = join(import.meta.dirname, '../../audit/verify');
  const source = readFileSync(join(folder, 'problem.ts'), 'utf8');
  const others = readdirSync(folder).filter((name) => name !== 'problem.ts');
  const rules = others.map((name) => readFileSync(join(folder, name), 'utf8')).join('');
  const named = [...source.matchAll(/^ {2}\| '(\w+)'/gm)].map(([, code = '']) => code);
  // What no rule reports yet is no code of anything.
  const codes = named.filter((code) => rules.includes(`'${code}'`));
  expect(codes.length).toBeGreaterThan(40);
  expect(documentedCodes().sort()).toEqual([...codes, 'entry', 'malformed', 'statement', 'writer'].sort());
});

describe.skipIf(!isThere)('an independent judge', () => {
  let all: Compared[];

  beforeAll(async () => {
    all = await compareJudges({ good: 130, each: 6, from: 0 });
  }, 400_000);

  test('agrees with the verifier on 500 random histories, good and bad', () => {
    expect(all.length).toBeGreaterThanOrEqual(500);
    expect(all.flatMap((one) => difference(one) ?? [])).toEqual([]);
  });

  test('has seen good ones and bad ones', () => {
    const isValid = all.filter(({ verifier }) => verifier.result === 'valid').length;
    expect(isValid).toBeGreaterThan(150);
    expect(all.length - isValid).toBeGreaterThan(200);
  });

  test('has seen each finding that there is', () => {
    // Policies are named on the command line; bytes are no history; a history has one cosignature, at its end, and no operation
    // that a file declares (judge-target.test.ts).
    const elsewhere = ['policy_not_in_force', 'entry', 'dated_before_witness', 'declaration_differs'];
    const seen = new Set(all.flatMap(({ verifier }) => codesOf(verifier)));
    expect(documentedCodes().filter((code) => !seen.has(code) && !elsewhere.includes(code))).toEqual([]);
  });
});
