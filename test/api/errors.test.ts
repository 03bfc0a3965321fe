import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { problemOf } from '../../api/problem.ts';
import { asLogError } from '../../audit/log-error.ts';
import { makeTreeReader } from '../../audit/tree-reader.ts';
import { CountersignError, httpStatusOfCode, isErrorCode } from '../../domain/error.ts';
import type { ErrorCode } from '../../domain/error.ts';
import type { Queryable } from '../../store/queryable.ts';

const root = join(import.meta.dirname, '..', '..');
const codes = Object.keys(httpStatusOfCode) as ErrorCode[];
const folders = [
  'domain',
  'operations',
  'workflows',
  'activities',
  'onsmqtt',
  'audit',
  'store',
  'calendar',
  'policies',
  'identity',
  'api',
  'console',
  'plugin',
  'cli',
  'codec',
];

function files(folder: string, extension: string): { name: string; text: string }[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(extension))
    .map((name) => ({ name: join(folder, name), text: readFileSync(join(root, folder, name), 'utf8') }));
}

/** Rows of a Markdown table whose first cell is a code of ours and whose second one a status. */
function documented(text: string): [string, number][] {
  return [...text.matchAll(/^\| *`(\w+)` *\| *(\d{3}) *\|/gm)].map(([, code = '', status]) => [
    code,
    Number(status),
  ]);
}

test('docs/errors.md has every code once, with its status, a reason and a remedy', () => {
  const text = readFileSync(join(root, 'docs', 'errors.md'), 'utf8');
  const rows = documented(text);
  expect(Object.fromEntries(rows)).toEqual(httpStatusOfCode);
  expect(rows).toHaveLength(codes.length);
  for (const row of text.matchAll(/^\| *`\w+` *\| *\d{3} *\|.*$/gm)) {
    const cells = row[0].split('|').slice(1, -1);
    expect(cells).toHaveLength(4);
    for (const cell of cells) expect(cell.trim()).not.toBe('');
  }
});

test('no other page has a table of codes and statuses', () => {
  const others = files('docs', '.md').filter(({ name }) => name !== join('docs', 'errors.md'));
  const second = others.filter(({ text }) => documented(text).some(([code]) => isErrorCode(code)));
  expect(second.map(({ name }) => name)).toEqual([]);
});

test('no other source file gives a code an HTTP status', () => {
  const pattern = new RegExp(`\\b(${codes.join('|')})['"]?\\s*[:,]\\s*[45]\\d\\d\\b`);
  const places = folders.flatMap((folder) => files(folder, '.ts')).filter(({ text }) => pattern.test(text));
  expect(places.map(({ name }) => name)).toEqual([join('domain', 'error.ts')]);
});

test('every rule that is named in the code is explained', () => {
  const text = readFileSync(join(root, 'docs', 'errors.md'), 'utf8');
  const explained = new Set(
    [...(text.split('## Rules')[1] ?? '').matchAll(/^\| ([^|]*)\|/gm)].flatMap(([, cell = '']) =>
      [...cell.matchAll(/`(\w+)`/g)].map(([, rule]) => rule),
    ),
  );
  const named = [
    ...['api', 'console', 'operations', 'store'].flatMap((folder) => files(folder, '.ts')),
  ].flatMap(({ text: code }) =>
    [...code.matchAll(/\brule: '(\w+)'|broken\([^,]+, '(\w+)'/g)].map(([, a, b]) => a ?? b),
  );
  expect(named.length).toBeGreaterThan(10);
  for (const rule of named) expect(explained).toContain(rule);
});

test.each(codes)('%s becomes a problem of its status', (code) => {
  const problem = problemOf(new CountersignError(code, 'in short', { extra: { changeId: 'x' } }));
  expect(problem).toMatchObject({
    code,
    status: httpStatusOfCode[code],
    type: `/problems/${code}`,
    changeId: 'x',
  });
  expect(problem).not.toHaveProperty('errors');
  // Those of a log that was edited say what of it, and are made for the reader.
  const isTold = ['bad_proof', 'integrity_conflict'].includes(code);
  if (problem.status === 500) expect(problem.detail.includes('in short')).toBe(isTold);
});

test('a reader is told which part of the log is gone, and nothing of Postgres’ tables', async () => {
  const noTiles = { query: () => Promise.resolve({ rows: [{ hashes: null }] }) } as unknown as Queryable;
  const gone = await makeTreeReader(noTiles)([{ level: 0, index: 8 }]).catch((error: unknown) => error);
  expect(problemOf(gone)).toMatchObject({
    code: 'integrity_conflict',
    detail: expect.stringContaining('has no node 0/8') as string,
  });
  const raised = Object.assign(new Error('UPDATE on audit.entry is refused'), {
    code: 'CS004',
    severity: 'ERROR',
  });
  const problem = problemOf(asLogError(raised));
  expect(problem.code).toBe('integrity_conflict');
  expect(problem.detail).not.toContain('audit.entry');
});

test.each<[string, unknown, ErrorCode]>([
  ['a refused connection', Object.assign(new Error(''), { code: 'ECONNREFUSED' }), 'log_unavailable'],
  ['a shutdown', Object.assign(new Error(''), { code: '57P01' }), 'log_unavailable'],
  ['a full disk', Object.assign(new Error(''), { code: '53100' }), 'log_unavailable'],
  ...(
    [
      ['a standby', '25006'],
      ['a login that may not', '28000'],
      ['a password that was changed', '28P01'],
      ['a database that takes no connections', '55000'],
      ['a database that is not there', '3D000'],
      ['a disk that cannot be read', '58030'],
      ['a deadlock', '40P01'],
      ['a lock that is held', '55P03'],
    ] as const
  ).map(
    ([name, code]) =>
      [name, Object.assign(new Error(''), { code, severity: 'ERROR' }), 'log_unavailable'] as [
        string,
        unknown,
        ErrorCode,
      ],
  ),
  ['a pool that is used up', new Error('timeout exceeded when trying to connect'), 'log_unavailable'],
  ['a cut connection', new Error('Connection terminated unexpectedly'), 'log_unavailable'],
  ['a value that is no date', Object.assign(new Error(''), { code: '22008' }), 'invalid_request'],
  ['a missing table', Object.assign(new Error(''), { code: '42P01' }), 'internal_error'],
  ['a defect', new TypeError('x is undefined'), 'internal_error'],
  ['nothing', null, 'internal_error'],
  ['a string', 'oh', 'internal_error'],
])('%s becomes a problem', (_name, error, code) => {
  expect(problemOf(error).code).toBe(code);
});
