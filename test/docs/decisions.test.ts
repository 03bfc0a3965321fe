import { expect, test } from 'vitest';
import { pages } from './markdown.ts';

const folder = 'docs/decisions/';
const all = pages().filter(({ path }) => path.startsWith(folder));
const list = all.find(({ path }) => path === `${folder}README.md`)?.text ?? '';
const decisions = all
  .filter(({ path }) => path !== `${folder}README.md`)
  .map(({ path, text }) => ({ file: path.slice(folder.length), text }));

/** What a decision says of itself in its first lines; null where they have another form. */
function headOf({ file, text }: { file: string; text: string }) {
  const head =
    /^# (?<number>\d+)\. (?<title>.+)\n\nStatus: (?:accepted|superseded by \[decision \d+\]\(\S+\))\. Date: (?<date>\d{4}-\d\d-\d\d)\.\n\n/.exec(
      text,
    )?.groups;
  const status = text.includes('\nStatus: superseded') ? 'superseded' : 'accepted';
  return head ? { file, status, ...(head as { number: string; title: string; date: string }) } : null;
}

test('each decision begins with its number, its title, a status and a date', () => {
  expect(decisions.length).toBeGreaterThan(0);
  expect(decisions.filter((decision) => headOf(decision) === null).map(({ file }) => file)).toEqual([]);
});

test('each has the number of its file, and no other has it', () => {
  const heads = decisions.flatMap((decision) => headOf(decision) ?? []);
  expect(heads.filter(({ file, number }) => Number(file.slice(0, 4)) !== Number(number))).toEqual([]);
  expect(new Set(heads.map(({ number }) => number)).size).toBe(decisions.length);
});

test('the list has a row for each, with the same title, status and date, in order', () => {
  const rows = [
    ...list.matchAll(/^\| *(\d+) *\| *\[(.+)\]\((\S+)\) *\| *(\w+) *\| *(\d{4}-\d\d-\d\d) *\|$/gm),
  ].map(([, number, title, file, status, date]) => ({ file, status, number, title, date }));
  expect(rows).toEqual(decisions.map(headOf));
});

test('the numbers between that no decision has are said to be free', () => {
  const taken = new Set(decisions.map(({ file }) => Number(file.slice(0, 4))));
  const free = Array.from({ length: Math.max(...taken) }, (_, i) => i + 1).filter((n) => !taken.has(n));
  const said = /^Free numbers: ([\d, ]+)\./m.exec(list)?.[1]?.split(', ').map(Number) ?? [];
  expect(said).toEqual(free);
});
