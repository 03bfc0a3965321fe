import { describe, expect, test } from 'vitest';
import { readTrustedKeys } from '../../audit/verify/trusted-keys.ts';
import type { EntryBody } from '../../domain/entry.ts';
import { changeStory, withPolicies } from './change-story.ts';
import { makeKeys, memoryLog, signed } from './memory-log.ts';
import { found, verified } from './pack-file.ts';
import { all, exported, keys } from './pack-testbed.ts';

const { log, witness, statementPem } = keys;
/** A file of the testbed's keys, each with a line before it. */
const file = (lines: { log?: string; witness?: string; statement?: string }): string =>
  [
    ...(lines.log === undefined ? [] : [lines.log]),
    log.publicKey,
    ...(lines.witness === undefined ? [] : ['', '# a comment between', lines.witness]),
    witness.publicKey,
    ...(lines.statement === undefined ? [] : [lines.statement]),
    statementPem,
  ].join('\n');

// Six entries, the first its policy's; statements stand in 1 and 3. The witness has seen them at 12:00.
const began = '2026-11-24T09:00:00.000Z';
const story = changeStory({ began });
const bodies = withPolicies(
  [story.requested(), story.prechecked(), story.approved(), story.scheduled(), story.started(1)].map((body) =>
    signed(body, keys),
  ),
);
const pack = exported(memoryLog(bodies, keys), all);
const verdictUnder = async (text: string) => verified(await pack, text);

describe('a key of the API', () => {
  test.each<[string, string[]]>([
    ['valid-from-index=1', []],
    ['valid-from-index=2', ['badly_signed:key_period@1']],
    ['valid-before-index=4', []],
    ['valid-before-index=3', ['badly_signed:key_period@3']],
    ['valid-after=2026-11-24T09:00:00Z', []],
    ['valid-after=2026-11-24T09:00:01Z', ['badly_signed:key_period@1']],
    ['valid-before=2026-11-24T12:00:01Z', []],
    // The witness came too late to say more than that it was there at 12:00.
    ['valid-before=2026-11-24T12:00:00Z', ['unchecked:key_period@1', 'unchecked:key_period@3']],
    ['valid-before=2026-11-24T09:00:02Z', ['unchecked:key_period@1', 'badly_signed:key_period@3']],
    ['valid-before=2026-11-24T12:00:00Z valid-before-index=4', []],
  ])('%s', async (statement, findings) => {
    const verdict = await verdictUnder(file({ statement }));
    expect(found(verdict)).toEqual(findings);
    expect(verdict.result === 'valid').toBe(findings.length === 0);
  });

  test('without a witness a time alone proves nothing', async () => {
    const text = `${log.publicKey}\nvalid-before=2026-11-24T12:00:01Z\n${statementPem}`;
    const verdict = await verdictUnder(text);
    expect(found(verdict)).toEqual(['unchecked:key_period@1', 'unchecked:key_period@3']);
    expect(verdict.result).toBe('incomplete');
  });

  test('a revocation in a file of its own holds beside the old file', async () => {
    const revoked = `valid-before-index=3\n${statementPem}`;
    const trusted = readTrustedKeys([keys.trusted, revoked]);
    expect(trusted.statementKeys.map(({ period }) => period.beforeIndex)).toEqual([3]);
    for (const text of [`${keys.trusted}\n${revoked}`, `${revoked}\n${keys.trusted}`])
      expect(found(await verdictUnder(text))).toEqual(['badly_signed:key_period@3']);
  });
});

describe('a key of the log', () => {
  test.each<[string, string[]]>([
    ['valid-before-index=6', []],
    ['valid-before-index=5', ['badly_signed:key_period']],
    ['valid-from-index=5', []],
    ['valid-from-index=6', ['badly_signed:key_period']],
    ['valid-before=2026-11-24T12:00:01Z', []],
    ['valid-before=2026-11-24T12:00:00Z', ['unchecked:key_period']],
    ['valid-after=2026-11-24T12:00:00Z', []],
    ['valid-after=2026-11-24T12:00:01Z', ['badly_signed:key_period']],
    // Whoever has the key makes a tree of any size: the index alone does not say when.
    ['valid-before=2026-11-24T12:00:00Z valid-before-index=6', ['unchecked:key_period']],
  ])('%s', async (line, findings) => {
    expect(found(await verdictUnder(file({ log: line })))).toEqual(findings);
  });

  test('an end by its index alone is believed, and the verdict says what that does not prove', async () => {
    const text = `valid-before-index=6\n${log.publicKey}\n${statementPem}`;
    const verdict = await verdictUnder(text);
    expect(verdict.result).toBe('valid');
    expect(verdict.notProven.join()).toContain('can sign another one of this size');
    expect((await verdictUnder(file({ log: 'valid-before-index=6' }))).notProven.join()).not.toContain(
      'another one of this size',
    );
  });

  test('the auditor’s own checkpoint was signed while its key was trusted', async () => {
    const whole = memoryLog(bodies, keys);
    const { note } = await whole.checkpoint(4);
    const next = makeKeys();
    const path = await exported(memoryLog(bodies, { ...keys, log: next.log }), { ...all, since: 4 });
    const text = `valid-before-index=1\n${log.publicKey}\n${next.log.publicKey}\n${witness.publicKey}\n${statementPem}`;
    const verdict = await verified(path, text, note);
    expect(verdict).toMatchObject({ result: 'valid', checked: { since: 4 } });
  });
});

describe('a key of a witness', () => {
  test.each<[string, boolean]>([
    ['valid-before=2026-11-24T12:00:01Z', true],
    ['valid-before=2026-11-24T12:00:00Z', false],
    ['valid-after=2026-11-24T12:00:01Z', false],
    ['valid-before-index=6', true],
    ['valid-before-index=5', false],
  ])('%s: its cosignature counts: %s', async (line, counts) => {
    const verdict = await verdictUnder(file({ witness: line }));
    expect(verdict.result).toBe('valid');
    expect(verdict.freshness?.cosignedAt).toBe(counts ? '2026-11-24T12:00:00.000Z' : null);
  });
});

test.each([
  ['a line of a period without a key', `${log.publicKey}\nvalid-before-index=4\n`],
  ['two lines before a key', `valid-before-index=4\nvalid-from-index=2\n${log.publicKey}`],
  ['a bound that is not known', `valid-until=2026-11-24T12:00:00Z\n${log.publicKey}`],
  ['a block without an end', '-----BEGIN PUBLIC KEY-----\nAAAA'],
  ['a private key', keys.statementPrivatePem],
])('%s is refused', (_name, text) => {
  expect(() => readTrustedKeys([text])).toThrow(
    expect.objectContaining({ code: 'invalid_configuration' }) as Error,
  );
});

test('a word to stop that a worker heard after the key had ended was said before', async () => {
  const s = changeStory({ began });
  const asked = [s.requested(), s.prechecked()].map((body) => signed(body, keys));
  const stop = signed(s.stop('withdraw'), keys);
  const told: EntryBody = {
    ...s.entry('change.withdrawn', { digest: stop['digest'] ?? null, round: 1 }),
    actor: stop.actor,
    statement: stop['statement'] ?? null,
    signature: stop['signature'] ?? null,
    source: '127.0.0.1',
  };
  const closed = s.closed('withdrawn', 'cancelled');
  const path = await exported(memoryLog(withPolicies([...asked, stop, told, closed]), keys), all);
  // 0 the policy, 1 the request, 3 the word as the API wrote it, 4 as the worker tells it.
  const first = found(await verified(path, keys.trusted));
  expect(found(await verified(path, file({ statement: 'valid-before-index=4' })))).toEqual(first);
  expect(found(await verified(path, file({ statement: 'valid-before-index=3' })))).toEqual(
    expect.arrayContaining(['badly_signed:key_period@3', 'badly_signed:key_period@4']),
  );
});
