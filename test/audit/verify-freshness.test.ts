import { writeFile } from 'node:fs/promises';
import { beforeAll, expect, test } from 'vitest';
import { collectFindings } from '../../audit/verify/finding.ts';
import { judgeFreshness } from '../../audit/verify/judge-freshness.ts';
import { verdictLines } from '../../audit/verify/verdict.ts';
import { verifyFiles } from '../../cli/verify-files.ts';
import { createSignatureVerifier } from '../../identity/statement-signer.ts';
import { found, freshPath, verified } from './pack-file.ts';
import { all, exported, keys, log, verifiedText } from './pack-testbed.ts';

const at = Date.parse('2026-11-24T13:00:00Z');
const minute = 60_000;
const witnessed = (...minutesAgo: (number | null)[]) => ({
  cosignatures: minutesAgo.map((ago) => ({
    name: 'witness.test',
    keyId: '00000000',
    algorithm: 'cosignature/v1' as const,
    time: ago === null ? null : (at - ago * minute) / 1000,
  })),
});

test.each<[string, ReturnType<typeof witnessed>, number | null, string | null, number | null]>([
  ['of any age where none is demanded', witnessed(60_000), null, null, 60_000],
  ['of unknown age where none is demanded', witnessed(), null, null, null],
  ['just as old as is allowed', witnessed(60), 60, null, 60],
  ['a little older', witnessed(60.1), 60, 'stale', 60.1],
  ['by its newest witness', witnessed(90, 30, 500), 60, null, 30],
  ['old by each of them', witnessed(90, 61, 500), 60, 'stale', 61],
  ['of a signature without a time', witnessed(null), 60, 'unchecked', null],
  ['without a witness', witnessed(), 60, 'unchecked', null],
  ['by a clock that is a little ahead', witnessed(-5), 60, null, -5],
  ['of a time to come', witnessed(-5.1), 60, 'unchecked', -5.1],
  ['of a time to come where none is demanded', witnessed(-50_000), null, null, -50_000],
])('a checkpoint %s', (_name, checkpoint, maxMinutes, kind, ageMinutes) => {
  const findings = collectFindings();
  const maxAge = maxMinutes === null ? null : maxMinutes * minute;
  const { ageSeconds } = judgeFreshness(checkpoint, { at, maxAge }, findings);
  expect(findings.kept.map((f) => [f.kind, f.code])).toEqual(kind === null ? [] : [[kind, 'age']]);
  expect(ageSeconds).toBe(ageMinutes === null ? null : ageMinutes * 60);
});

test('a witness that signs a time beyond the calendar stops nothing', () => {
  const cosignatures = [{ ...witnessed(0).cosignatures[0], time: Number.MAX_SAFE_INTEGER }];
  const checkpoint = { cosignatures } as ReturnType<typeof witnessed>;
  const findings = collectFindings();
  judgeFreshness(checkpoint, { at, maxAge: minute }, findings);
  expect(findings.kept.map(({ kind }) => kind)).toEqual(['unchecked']);
});

let pack: string;
beforeAll(async () => {
  // Cosigned at 12:00.
  pack = await exported(log, all);
});

test('a pack says how old it is, and whether that was asked', async () => {
  const verdict = await verifiedText(pack);
  expect(verdict.freshness).toEqual({
    cosignedAt: '2026-11-24T12:00:00.000Z',
    at: '2026-11-24T13:00:00.000Z',
    ageSeconds: 3600,
    maxAgeSeconds: null,
  });
  expect(verdict.notProven.join()).toContain('--max-age');
  expect(verdictLines(verdict).join()).toContain('none was demanded');

  const demanded = await verified(pack, keys.trusted, null, { at, maxAge: 61 * minute });
  expect(demanded.result).toBe('valid');
  expect(demanded.notProven.join()).not.toContain('--max-age');

  const old = await verified(pack, keys.trusted, null, { at, maxAge: 59 * minute });
  expect(found(old)).toEqual(['stale:age']);
  expect(old.result).toBe('incomplete');
});

test('only a trusted witness’s word counts', async () => {
  const trusted = `${keys.log.publicKey}\n${keys.statementPem}`;
  const verdict = await verified(pack, trusted, null, { at, maxAge: 61 * minute });
  expect(found(verdict)).toEqual(['unchecked:age']);
  expect(verdict.freshness?.cosignedAt).toBeNull();
});

test.each([
  [0, '61m', '2026-11-24T13:00:00Z'],
  [0, '3601s', '2026-11-24T14:00:00+01:00'],
  [0, undefined, '2031-01-01T00:00Z'],
  [2, '59m', '2026-11-24T13:00:00.000Z'],
  [2, '1d', '2026-11-25T12:00:01Z'],
  [2, '1h', '2026-11-24T11:00:00Z'],
  [2, '1s', undefined],
  [3, '1w', undefined],
  [3, '0h', undefined],
  [3, '', undefined],
  [3, '1d', 'tomorrow'],
  [3, '1d', '2026-13-01T00:00:00Z'],
  [3, undefined, '2026-11-24'],
])('the command exits with %i for --max-age %s --at %s', async (code, maxAge, moment) => {
  const trusted = await freshPath('trusted-keys.txt');
  await writeFile(trusted, keys.trusted);
  const args = { pack, keys: [trusted], since: undefined, maxAge, at: moment, policies: [], json: false };
  const silent = (): undefined => undefined;
  const exit = await verifyFiles(args, silent, silent, (pems) => {
    const check = createSignatureVerifier(pems);
    return (claims) => claims.map(check);
  });
  expect(exit).toBe(code);
});
