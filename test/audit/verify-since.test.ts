import { describe, expect, test } from 'vitest';
import type { PackRequest } from '../../audit/pack/prepare-pack.ts';
import { makeKeys, memoryLog } from './memory-log.ts';
import { found, packed } from './pack-file.ts';
import { keys, bodies, second, log, all, exported, verifiedText, whole } from './pack-testbed.ts';

describe('the auditor’s last checkpoint', () => {
  test('is newer than the pack’s: the log was cut, or the pack is old', async () => {
    const path = await exported(log, all, 20);
    const verdict = await verifiedText(path, (await log.checkpoint(30)).note);
    expect(found(verdict)).toEqual(['stale']);
    expect(verdict.result).toBe('incomplete');
  });

  test.each<[string, PackRequest]>([
    ['the whole log', all],
    ['a range after it', { covers: { kind: 'range', from: 20, to: null }, since: 7 }],
    ['a change', { covers: { kind: 'change', changeId: second }, since: 7 }],
  ])('is of a fork: %s', async (_name, request) => {
    const before = bodies.map((body, i) => (i === 3 ? { ...body, source: '10.0.0.1' } : body));
    const since = (await memoryLog(before, keys).checkpoint(7)).note;
    const verdict = await verifiedText(await exported(log, request), since);
    expect(found(verdict)).toEqual(['forked']);
    expect(verdict).toMatchObject({ result: 'tampered', checked: { since: null } });
  });

  test('is signed by somebody else', async () => {
    const since = (await memoryLog(bodies, makeKeys()).checkpoint(7)).note;
    expect(found(await verifiedText(await packed(whole), since))).toEqual(['badly_signed:checkpoint']);
  });
});
