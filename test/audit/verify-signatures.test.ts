import { describe, expect, test } from 'vitest';
import type { EntryBody } from '../../domain/entry.ts';
import { makeKeys, memoryLog, signed } from './memory-log.ts';
import { changed, found, packed, verified } from './pack-file.ts';
import { keys, bodies, log, all, exported, packOf, verifiedText, whole } from './pack-testbed.ts';

describe('signatures', () => {
  const mallory = makeKeys();

  test('everything rewritten consistently under another key', async () => {
    const forged = memoryLog(
      bodies.map((body) => signed(body, mallory)),
      mallory,
    );
    const path = await exported(forged, all);
    expect((await verified(path, mallory.trusted)).result).toBe('valid');
    const verdict = await verifiedText(path);
    expect(verdict.result).toBe('tampered');
    expect(found(verdict)).toContain('badly_signed:checkpoint');
    expect(verdict.checkpoint).toBeNull();
  });

  test('the keys of two parties swapped', async () => {
    const note = whole.find((f) => f.name === 'checkpoint')?.data.toString() ?? '';
    const theirs = await memoryLog(bodies, mallory).checkpoint();
    const swapped = changed(whole, 'checkpoint', () => theirs.note);
    expect(note).not.toBe(theirs.note);
    expect(found(await verifiedText(await packed(swapped)))).toContain('badly_signed:checkpoint');
    // A witness's key is no log's.
    const verdict = await verified(await packed(whole), `${keys.witness.publicKey}\n${keys.statementPem}`);
    expect(found(verdict)).toContain('badly_signed:checkpoint');
  });

  test('a checkpoint of the same log at another size', async () => {
    const older = await log.checkpoint(30);
    expect((await verifiedText(await packed(changed(whole, 'checkpoint', () => older.note)))).result).toBe(
      'tampered',
    );
  });

  test('a cosignature that does not verify spoils the checkpoint', async () => {
    const broken = changed(whole, 'checkpoint', (text) =>
      text.replace(
        /(witness\.test .{40})(.)/,
        (_, kept: string, old: string) => kept + (old === 'A' ? 'B' : 'A'),
      ),
    );
    expect(found(await verifiedText(await packed(broken)))).toContain('badly_signed:checkpoint');
  });

  test('two approvals that the API did not sign, in a log that is sound', async () => {
    const forged = bodies.map((body, i) => (i === 12 || i === 21 ? signed(body, mallory) : body));
    const verdict = await verifiedText(await packOf(forged));
    expect(found(verdict)).toEqual(['badly_signed:statement@12', 'badly_signed:statement@21']);
    expect(verdict).toMatchObject({ result: 'tampered', firstBadIndex: 12 });
  });

  test('an approval by nobody, in a log that is sound', async () => {
    const forged = bodies.map((body, i) => (i === 12 ? { ...body, statement: null, signature: null } : body));
    const verdict = await verifiedText(await packOf(forged));
    expect(found(verdict)).toEqual([
      'illogical:statement_missing@12',
      'illogical:scheduled_without_approval@13',
    ]);
  });

  test('one person’s signed word under another’s name', async () => {
    const eve = { ...(bodies[12] as EntryBody), actor: { issuer: 'http://127.0.0.1:1', subject: 'eve' } };
    const forged = bodies.map((body, i) => (i === 12 ? eve : body));
    expect(found(await verifiedText(await packOf(forged)))).toContain('illogical:statement_differs@12');
  });
});
