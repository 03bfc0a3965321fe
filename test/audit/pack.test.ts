import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { PackRequest } from '../../audit/pack/prepare-pack.ts';
import { changeStory, person } from './change-story.ts';
import { signed } from './memory-log.ts';
import { unpacked } from './pack-file.ts';
import { all, keys, log, exported, packOf, verifiedText } from './pack-ground.ts';

test('cells of the table that a spreadsheet would run', async () => {
  const formulas = ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '＝1', '=cmd|"/c calc"!A1', 'a,"b"\nc'];
  const entries = formulas.map((justification) => changeStory().requested({ justification }));
  const path = await packOf(entries);
  expect((await verifiedText(path)).result).toBe('valid');
  const csv =
    (await unpacked(await readFile(path))).find((f) => f.name === 'entries.csv')?.data.toString() ?? '';
  for (const formula of formulas.slice(0, -1)) {
    expect(csv).toContain(`,"'${formula.replaceAll('"', '""')}",`);
  }
  expect(csv).toContain(',"a,""b""\nc",');
  expect(csv).not.toMatch(/(\r\n|,)"?[=+@\t]/);
});

test('the report escapes what people wrote', async () => {
  const evil = '<script>alert(1)</script><img src=x onerror=alert(1)>\u202e';
  const story = changeStory({ justification: evil });
  const by = { ...person('bob"><b>', 'approver'), name: '<i>Bob</i>' };
  const entries = [story.requested(), story.prechecked(), story.approved(by)];
  const path = await packOf(entries.map((body) => signed(body, keys)));
  const page =
    (await unpacked(await readFile(path))).find((f) => f.name === 'report.html')?.data.toString() ?? '';
  expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  expect(page).not.toMatch(/<script|<img|<i>|<b>|\u202e/);
  expect((await verifiedText(path)).result).toBe('valid');
});

test('what cannot be packed is said', async () => {
  const codeOf = (request: PackRequest) =>
    exported(log, request).catch((error: unknown) => (error as { code?: string }).code);
  expect(await codeOf({ covers: { kind: 'change', changeId: randomUUID() }, since: null })).toBe('not_found');
  expect(await codeOf({ covers: { kind: 'range', from: 3, to: 37 }, since: null })).toBe('invalid_request');
  expect(await codeOf({ covers: { kind: 'range', from: 3, to: 3 }, since: null })).toBe('not_found');
  expect(await codeOf({ ...all, since: 37 })).toBe('invalid_request');
});
