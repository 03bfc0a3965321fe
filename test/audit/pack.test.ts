import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { PackRequest } from '../../audit/pack/prepare-pack.ts';
import { shownLines } from '../../domain/shown-text.ts';
import { changeStory, person } from './change-story.ts';
import { signed } from './memory-log.ts';
import { unpacked } from './pack-file.ts';
import { all, keys, log, exported, packOf, verifiedText } from './pack-testbed.ts';

const textIn = async (path: string, name: string): Promise<string> =>
  (await unpacked(await readFile(path))).find((f) => f.name === name)?.data.toString() ?? '';

test.each([
  ['=1+1', `'=1+1`],
  ['+1', `'+1`],
  ['-1', `'-1`],
  ['@SUM(A1)', `'@SUM(A1)`],
  ['＝1', `'＝1`],
  ['=cmd|"/c calc"!A1', `'=cmd|"/c calc"!A1`],
  [' =1', ` '=1`],
  ['\u00a0\u3000=1', `\u00a0\u3000'=1`],
  ['\t=1', '\\u{9}=1'],
  ['\u200b=1', '\\u{200b}=1'],
  ['x\n=1', 'x\\u{a}=1'],
  ['x\r\n=1', 'x\\u{d}\\u{a}=1'],
  ['x;=1', `x;'=1`],
  ['x; "=1"', `x; "'=1"`],
  ['x,+1|-1', `x,'+1|'-1`],
  ['"=1', `"'=1`],
])('a cell of the table that a spreadsheet would run, wherever it parts cells: %j', async (text, cell) => {
  const path = await packOf([changeStory().requested({ justification: text })]);
  expect((await verifiedText(path)).result).toBe('valid');
  const csv = await textIn(path, 'entries.csv');
  expect(csv).toContain(`,"${cell.replaceAll('"', '""')}",`);
  // As a reader sees it who knows nothing of quotation marks.
  for (const naive of csv.split(/[\r\n\t;,|]/)) expect(naive).not.toMatch(/^[\s"]*[=+\-@＝＋－＠]/);
});

test('a cell with what only parts cells stays as it is', async () => {
  const csv = await textIn(
    await packOf([changeStory().requested({ justification: 'a,"b"; c' })]),
    'entries.csv',
  );
  expect(csv).toContain(',"a,""b""; c",');
});

test('the report escapes what people wrote', async () => {
  const evil = '<script>alert(1)</script><img src=x onerror=alert(1)>\u202e\u001b[2J\u009b\u200bend';
  const story = changeStory({ justification: evil });
  const by = { ...person('bob"><b>', 'approver'), name: '<i>Bob</i>' };
  const entries = [story.requested(), story.prechecked(), story.approved(by)];
  const path = await packOf(entries.map((body) => signed(body, keys)));
  const page = await textIn(path, 'report.html');
  expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  expect(page).toContain('\\u{202e}\\u{1b}[2J\\u{9b}\\u{200b}end');
  expect(page).not.toMatch(/<script|<img|<i>|<b>/);
  expect(shownLines(page).join('\n')).toBe(page);
  expect((await verifiedText(path)).result).toBe('valid');
});

test('a change’s target is shown by its label, its id and its scope', async () => {
  const requested = changeStory({ sn: 'SN-1' }).requested();
  const path = await packOf([requested]);
  const { label, target, scope } = requested;
  const [, line = ''] = (await textIn(path, 'ocsf.jsonl')).split('\n');
  const { resources } = JSON.parse(line) as { resources: unknown };
  expect(resources).toEqual([{ uid: target, name: label, type: 'ActiveCaCertificate', data: scope }]);
  const page = await textIn(path, 'report.html');
  const terms = [...page.matchAll(/<dt>([a-z]\w*)<\/dt>\s*<dd>([^<]*)/g)].map(([, name, value]) => [
    name,
    value,
  ]);
  expect(terms.slice(0, 4)).toEqual([
    ['operation', 'ActiveCaCertificate'],
    ['label', label],
    ['target', target],
    ['scope', 'mqttInstanceId: post-cn-test00001\nregionId: cn-hangzhou\nsn: SN-1'],
  ]);
  expect(await textIn(path, 'entries.csv')).toContain(`,ActiveCaCertificate,${String(target)},`);
});

test('what cannot be packed is said', async () => {
  const codeOf = (request: PackRequest) =>
    exported(log, request).catch((error: unknown) => (error as { code?: string }).code);
  expect(await codeOf({ covers: { kind: 'change', changeId: randomUUID() }, since: null })).toBe('not_found');
  expect(await codeOf({ covers: { kind: 'range', from: 3, to: 38 }, since: null })).toBe('invalid_request');
  for (const from of [3, 9])
    expect(await codeOf({ covers: { kind: 'range', from, to: 3 }, since: null })).toBe('invalid_request');
  expect(await codeOf({ covers: { kind: 'range', from: 99, to: null }, since: null })).toBe('not_found');
  expect(await codeOf({ ...all, since: 38 })).toBe('invalid_request');
});
