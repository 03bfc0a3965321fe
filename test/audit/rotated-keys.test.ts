import { describe, expect, test } from 'vitest';
import { keyIdOf, rotationBetween, rotationSigner } from '../../audit/key-rotation.ts';
import { signedRotationIn } from '../../domain/key-rotation.ts';
import { keyRotated, witnessKeyRotated } from '../../audit/log-entries.ts';
import { verdictLines } from '../../audit/verify/verdict.ts';
import { statementKeyRotated } from '../../domain/key-rotation.ts';
import type { SignedRotation } from '../../domain/key-rotation.ts';
import type { EntryBody } from '../../domain/entry.ts';
import { changeStory, withPolicies } from './change-story.ts';
import type { ChangeStory } from './change-story.ts';
import { makeKeys, memoryLog, signed } from './memory-log.ts';
import type { TestKeys } from './memory-log.ts';
import { found, verified } from './pack-file.ts';
import { all, exported } from './pack-testbed.ts';

/** First, what follows it, and somebody else's; all of one log's name. */
const [old, next, mallory] = [makeKeys(), makeKeys(), makeKeys()];
const at = '2026-11-24T10:00:00.000Z';
const times = { first: '2026-11-24T09:00:00.000Z', second: '2026-11-24T10:10:00.000Z' };

function statementRotation(before: TestKeys, after: TestKeys): SignedRotation {
  const of = ({ statementPrivatePem }: TestKeys) => rotationSigner('statement', statementPrivatePem);
  return rotationBetween('statement', { before: of(before), after: of(after) }, at);
}
function logRotation(before: TestKeys, after: TestKeys): SignedRotation {
  const of = ({ log }: TestKeys) => rotationSigner('log', log.privateKey);
  return rotationBetween('log', { before: of(before), after: of(after) }, at);
}
const statementEntry = (rotation: SignedRotation, ends: boolean): EntryBody =>
  statementKeyRotated({ id: 'next', rotation, ends, time: at }).body;
const logEntry = (before: TestKeys, after: TestKeys, rotations = [logRotation(before, after)]): EntryBody =>
  keyRotated({
    ...{ origin: old.origin, time: at, generation: 7, rotations },
    ...{ before: [before.log.publicKey], keys: [before.log.publicKey, after.log.publicKey] },
  }).body;

const ends = (s: ChangeStory): EntryBody[] => [s.requested(), s.prechecked(), s.approved(), s.scheduled()];
/** A change of four entries; its second and fourth have statements of a key. */
const change = (began: string, keys: TestKeys): EntryBody[] =>
  ends(changeStory({ began })).map((body) => signed(body, keys));

/** 0 the policy, 1 to 4 a change under the first key, 5 and 6 the rotation, 7 to 10 a change. */
const rotatedLog = (by: TestKeys, rotation = statementRotation(old, next)): EntryBody[] =>
  withPolicies([
    ...change(times.first, old),
    statementEntry(rotation, false),
    statementEntry(rotation, true),
    ...change(times.second, by),
  ]);

const first = `${old.log.publicKey}\n${old.witness.publicKey}\n`;
const packOf = (bodies: readonly EntryBody[], keys = old, request = all) =>
  exported(memoryLog(bodies, keys), request);

describe('the key of the API', () => {
  test('with the first key alone, what its successor signed is believed, and the verdict names it', async () => {
    const verdict = await verified(await packOf(rotatedLog(next)), first + old.statementPem);
    expect(found(verdict)).toEqual([]);
    expect(verdict).toMatchObject({ result: 'valid', checked: { statements: 4 } });
    const ids = {
      before: keyIdOf('statement', old.statementPem),
      after: keyIdOf('statement', next.statementPem),
    };
    expect(verdict.rotations).toEqual([
      { index: 5, use: 'statement', ...ids, ends: false },
      { index: 6, use: 'statement', ...ids, ends: true },
    ]);
    expect(verdictLines(verdict).join('\n')).toContain(
      `entry 6: the statement key ${String(ids.after)} follows`,
    );
  });

  test('a key that the file has is not asked about again; another one still is', async () => {
    const pack = await packOf([...rotatedLog(next), statementEntry(statementRotation(next, mallory), false)]);
    const told = async (...more: readonly string[]) => {
      const verdict = await verified(pack, [first, old.statementPem, ...more].join('\n'));
      expect(found(verdict)).toEqual([]);
      const isAsked = verdictLines(verdict).join('\n').includes('have these keys confirmed');
      return [verdict.rotations.map(({ index }) => index), isAsked];
    };
    expect(await told()).toEqual([[5, 6, 11], true]);
    expect(await told(next.statementPem)).toEqual([[11], true]);
    expect(await told(next.statementPem, mallory.statementPem)).toEqual([[], false]);
  });

  test('the old key signs nothing after it, whoever trusts it without an end', async () => {
    const pack = await packOf(rotatedLog(old));
    const both = `${first}${old.statementPem}\n${next.statementPem}`;
    for (const trusted of [first + old.statementPem, both])
      expect(found(await verified(pack, trusted))).toEqual([
        'badly_signed:key_period@7',
        'badly_signed:key_period@9',
      ]);
  });

  test('until the entry that ends it, the old one signs beside the new', async () => {
    const rotation = statementRotation(old, next);
    const bodies = withPolicies([
      statementEntry(rotation, false),
      ...change(times.first, old),
      ...change(times.second, next),
      statementEntry(rotation, true),
    ]);
    expect(found(await verified(await packOf(bodies), first + old.statementPem))).toEqual([]);
  });

  test('the new one signs nothing before its entry', async () => {
    const bodies = withPolicies([
      ...change(times.first, next),
      statementEntry(statementRotation(old, next), true),
    ]);
    // Not known yet, so by no key that is trusted.
    expect(found(await verified(await packOf(bodies), first + old.statementPem))).toEqual([
      'badly_signed:statement@1',
      'badly_signed:statement@3',
    ]);
  });

  test.each<[string, 'before' | 'after']>([
    ['the old key has not signed', 'before'],
    ['the new key has not signed', 'after'],
  ])('a rotation that %s is not followed', async (_name, by) => {
    const honest = statementRotation(old, next);
    const { signatures } = statementRotation(mallory, mallory);
    const forged = { ...honest, signatures: { ...honest.signatures, [by]: signatures[by] } };
    const verdict = await verified(await packOf(rotatedLog(next, forged)), first + old.statementPem);
    expect(found(verdict)).toEqual([
      'badly_signed:rotation@5',
      'badly_signed:rotation@6',
      'badly_signed:statement@7',
      'badly_signed:statement@9',
    ]);
    expect(verdict.rotations).toEqual([]);
  });

  test('a rotation of a key that nobody trusts is passed over', async () => {
    const bodies = rotatedLog(old, statementRotation(mallory, next)).slice(0, 7);
    const verdict = await verified(await packOf(bodies), first + old.statementPem);
    expect([found(verdict), verdict.rotations]).toEqual([[], []]);
  });

  test('a key that has ended names no successor: by its own rotation, or by the auditor’s file', async () => {
    const bodies = withPolicies([
      statementEntry(statementRotation(old, next), true),
      statementEntry(statementRotation(old, mallory), true),
      ...change(times.second, mallory),
    ]);
    const pack = await packOf(bodies);
    const forged = ['badly_signed:rotation@2', 'badly_signed:statement@3', 'badly_signed:statement@5'];
    expect(found(await verified(pack, first + old.statementPem))).toEqual(forged);
    const known = `${first}valid-before-index=1\n${old.statementPem}${next.statementPem}`;
    // That the next one follows, after the end, says nothing new: it is trusted by itself.
    expect(found(await verified(pack, known))).toEqual(forged);
    const unknown = `${first}valid-before-index=1\n${old.statementPem}`;
    expect(found(await verified(pack, unknown))).toEqual(['badly_signed:rotation@1', ...forged]);
  });

  test('the auditor’s own end of a key stands above the log’s', async () => {
    const pack = await packOf(rotatedLog(old));
    const longer = `${first}valid-before-index=11\n${old.statementPem}`;
    expect(found(await verified(pack, longer))).toEqual([]);
    const shorter = `${first}valid-before-index=3\n${old.statementPem}`;
    expect(found(await verified(pack, shorter))).toContain('badly_signed:key_period@3');
  });

  test('the pack of a change brings the rotations along', async () => {
    const bodies = rotatedLog(next);
    const changeId = String(bodies[7]?.changeId);
    const pack = await packOf(bodies, old, { covers: { kind: 'change', changeId }, since: null });
    const verdict = await verified(pack, first + old.statementPem);
    expect(found(verdict)).toEqual([]);
    expect(verdict.checked.statements).toBe(2);
    expect(verdict.rotations).toHaveLength(2);
    const forged = await packOf(rotatedLog(old), old, {
      covers: { kind: 'range', from: 5, to: null },
      since: null,
    });
    expect(found(await verified(forged, first + old.statementPem))).toContain('badly_signed:key_period@7');
  });
});

describe('the key of the log', () => {
  const bodies = withPolicies([
    ...change(times.first, old),
    logEntry(old, next),
    ...change(times.second, old),
  ]);
  const trusted = first + old.statementPem;

  test('with the first key alone, a log that its successor signs is believed', async () => {
    const bySuccessor = { ...old, log: next.log };
    const changeId = String(bodies[1]?.changeId);
    for (const request of [all, { covers: { kind: 'change', changeId }, since: null } as const]) {
      const verdict = await verified(await packOf(bodies, bySuccessor, request), trusted);
      expect(found(verdict)).toEqual([]);
      expect(verdict.result).toBe('valid');
      expect(verdict.rotations.map(({ index, use }) => [index, use])).toEqual([[5, 'log']]);
    }
  });

  test('the old key alone signs no tree with that entry and more', async () => {
    expect(found(await verified(await packOf(bodies, old), trusted))).toEqual(['badly_signed:key_period']);
    // An old pack ends before.
    expect(found(await verified(await packOf(bodies.slice(0, 5), old), trusted))).toEqual([]);
    const log = memoryLog(bodies, old);
    expect(found(await verified(await exported(log, all, 5), trusted))).toEqual([]);
  });

  test('without the old key’s signature nobody follows', async () => {
    const bySuccessor = { ...old, log: next.log };
    const honest = logRotation(old, next);
    const forged = { ...honest, signatures: { ...honest.signatures, before: honest.signatures.after } };
    for (const rotations of [[], [forged], [logRotation(mallory, next)]]) {
      const uncrossed = withPolicies([...change(times.first, old), logEntry(old, next, rotations)]);
      const verdict = await verified(await packOf(uncrossed, bySuccessor), trusted);
      expect(found(verdict)).toContain('badly_signed:checkpoint');
      expect(verdict.rotations).toEqual([]);
    }
  });

  test('who has a key whose end the auditor knows forks no log with a key of their own', async () => {
    const forged = withPolicies([...change(times.first, old), logEntry(old, mallory)]);
    const pack = await packOf(forged, { ...old, log: mallory.log });
    const known = `valid-before-index=900\n${old.log.publicKey}\n${next.log.publicKey}\n${old.statementPem}`;
    expect(found(await verified(pack, known))).toContain('badly_signed:checkpoint');
    const byTime = `valid-before=2026-11-25T00:00:00Z\n${old.log.publicKey}\n${old.witness.publicKey}\n${old.statementPem}`;
    expect(found(await verified(pack, byTime))).toContain('badly_signed:checkpoint');
  });

  test('the auditor’s own checkpoint may be of a key that was followed', async () => {
    const log = memoryLog(bodies, { ...old, log: next.log });
    const { note } = await log.checkpoint(6);
    const verdict = await verified(await exported(log, { ...all, since: 6 }), trusted, note);
    expect(verdict).toMatchObject({ result: 'valid', checked: { since: 6 } });
  });
});

describe('the key of a witness', () => {
  const rotation = (before: TestKeys, after: TestKeys): SignedRotation => {
    const of = ({ witness }: TestKeys) => rotationSigner('witness', witness.privateKey);
    return rotationBetween('witness', { before: of(before), after: of(after) }, at);
  };
  const entry = (signedRotation: SignedRotation): EntryBody =>
    witnessKeyRotated({ id: 'next', rotation: signedRotation, time: at }).body;
  /** The rotation is entry 5. */
  const bodiesWith = (signedRotation = rotation(old, next)): EntryBody[] =>
    withPolicies([...change(times.first, old), entry(signedRotation), ...change(times.second, old)]);
  const byNext = { ...old, witness: next.witness };
  const trusted = first + old.statementPem;
  const cosigned = '2026-11-24T12:00:00.000Z';

  test('with the first key alone, its successor’s cosignature counts', async () => {
    const bodies = bodiesWith();
    const changeId = String(bodies[1]?.changeId);
    for (const request of [all, { covers: { kind: 'change', changeId }, since: null } as const]) {
      const pack = await packOf(bodies, byNext, request);
      const verdict = await verified(pack, trusted, null, { at: Date.parse(cosigned), maxAge: 1000 });
      expect(found(verdict)).toEqual([]);
      expect(verdict.checkpoint?.witnesses).toEqual([{ name: 'witness.test', time: cosigned }]);
      expect(verdict.freshness?.cosignedAt).toBe(cosigned);
      expect(verdict.rotations.map(({ index, use }) => [index, use])).toEqual([[5, 'witness']]);
    }
  });

  test.each<[string, SignedRotation, string]>([
    [
      'which the old key has not signed',
      {
        ...rotation(old, next),
        signatures: { ...rotation(old, next).signatures, before: rotation(mallory, next).signatures.before },
      },
      trusted,
    ],
    ['of a key that nobody trusts', rotation(mallory, next), trusted],
    [
      'of a key whose end the auditor knows',
      rotation(old, next),
      `valid-before-index=900\n${old.witness.publicKey}\n${old.log.publicKey}\n${old.statementPem}`,
    ],
  ])('not by a rotation %s', async (_what, signedRotation, keys) => {
    const verdict = await verified(await packOf(bodiesWith(signedRotation), byNext), keys);
    expect(verdict.checkpoint?.witnesses).toEqual([]);
    expect(verdict.freshness?.cosignedAt).toBeNull();
  });

  test('the old key, which ended there, says nothing of a later checkpoint', async () => {
    const verdict = await verified(await packOf(bodiesWith(), old), trusted);
    expect(verdict.result).toBe('valid');
    expect(verdict.checkpoint?.witnesses).toEqual([]);
    expect(verdict.freshness?.cosignedAt).toBeNull();
  });

  test('it bounds the times of entries from its entry on', async () => {
    const log = memoryLog(bodiesWith(), byNext);
    const early = Date.parse('2026-11-24T08:00:00.000Z');
    const withEarlier = (size: number) =>
      exported({ ...log, earlierCheckpoints: async () => [(await log.checkpoint(size, early)).note] }, all);
    const after = await verified(await withEarlier(6), trusted);
    expect(found(after)).toContain('illogical:dated_after_witness@0');
    expect(found(await verified(await withEarlier(5), trusted))).toEqual([]);
  });
});

test('a rotation is of two keys of one use and one name', () => {
  const other = makeKeys('other.test/log');
  expect(keyIdOf('witness', old.log.publicKey)).toBeNull();
  expect(keyIdOf('log', old.witness.publicKey)).toBeNull();
  expect(keyIdOf('statement', old.statementPrivatePem)).toBeNull();
  const bodies = withPolicies([...change(times.first, old), logEntry(old, other, [logRotation(old, other)])]);
  return packOf(bodies, old).then(async (pack) => {
    expect(found(await verified(pack, first + old.statementPem))).toEqual(['badly_signed:rotation@5']);
  });
});

test.each([null, 3, 'text', [], {}, { rotation: {} }, { rotation: { v: 2 }, signatures: {} }])(
  '%j is no rotation',
  (value) => {
    expect(signedRotationIn(value)).toBeNull();
  },
);
