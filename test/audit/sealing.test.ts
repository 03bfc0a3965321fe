import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { appendEntry } from '../../audit/append.ts';
import { formatCheckpoint } from '../../audit/checkpoint.ts';
import { leafHash } from '../../audit/merkle.ts';
import { signNote } from '../../audit/note.ts';
import { startSealing } from '../../audit/sealing.ts';
import type { SealingOptions } from '../../audit/sealing.ts';
import { startSequencer } from '../../audit/sequencer.ts';
import { startWitnessClient } from '../../audit/witness-client.ts';
import { eventually } from '../support/service.ts';
import { draft } from './entry-fixture.ts';
import { signerTestbed } from './signer-testbed.ts';
import type { SignerTestbed } from './signer-testbed.ts';
import { keyPair } from './tree-fixture.ts';
import { witnessOn } from './witness-fixture.ts';

function sealingOf(testbed: SignerTestbed, options: Partial<SealingOptions> = {}) {
  const sealing = startSealing({
    pool: testbed.worker,
    keys: { log: [testbed.key.verifier], witnesses: [] },
    ...options,
  });
  onTestFinished(() => sealing.stop());
  return sealing;
}

function sequencing(testbed: SignerTestbed): void {
  const sequencer = startSequencer({ pool: testbed.signerPool });
  onTestFinished(() => sequencer.stop());
}

async function started(testbed: SignerTestbed) {
  const entry = draft('attempt.started');
  await appendEntry(testbed.worker, entry);
  return entry;
}

test('an entry is sealed within a batch, and a hundred at once too', async () => {
  const testbed = await signerTestbed();
  testbed.signer({ groupMs: 600_000 });
  sequencing(testbed);
  // Far longer than it takes, far shorter than the signer gathers what nobody waits for.
  const sealing = sealingOf(testbed, { withinMs: 60_000 });
  await sealing.untilSealed(await started(testbed));
  const waits = Array.from({ length: 100 }, async () => sealing.untilSealed(await started(testbed)));
  await Promise.all(waits);
  // Grouped: fewer checkpoints than entries.
  expect((await testbed.checkpoints()).length).toBeLessThan(90);
  await expect(sealing.ready()).resolves.toBeUndefined();
});

test('without a signer nothing is sealed, the next does not even begin, and all is well once it is back', async () => {
  const testbed = await signerTestbed();
  sequencing(testbed);
  const sealing = sealingOf(testbed, { withinMs: 300 });
  const entry = await started(testbed);
  await expect(sealing.untilSealed(entry)).rejects.toMatchObject({ code: 'log_unavailable' });
  await expect(sealing.ready()).rejects.toMatchObject({ code: 'log_unavailable' });
  testbed.signer();
  await eventually(() => sealing.ready().then(() => true));
  const patient = sealingOf(testbed);
  await patient.untilSealed(await started(testbed));
});

test('a checkpoint of another key is not believed', async () => {
  const testbed = await signerTestbed();
  sequencing(testbed);
  const sealing = sealingOf(testbed);
  const entry = await started(testbed);
  await eventually(async () => ((await testbed.size()) === 1 ? true : null));
  // Of the log's name, as somebody with the database, but without the key, can make it.
  const forged = keyPair(testbed.key.signer.name);
  const root = leafHash(Buffer.from('whatever'));
  const note = signNote(formatCheckpoint({ origin: forged.signer.name, size: 1, root }), [forged.signer]);
  await testbed.superuser.query('insert into audit.checkpoint (size, root, note) values (1, $1, $2)', [
    root,
    note,
  ]);
  await expect(sealing.untilSealed(entry)).rejects.toMatchObject({ code: 'log_untrusted' });
  await expect(sealing.ready()).rejects.toMatchObject({ code: 'log_untrusted' });
});

test('an entry that was exchanged before it was signed is not the worker’s own', async () => {
  const testbed = await signerTestbed();
  const sealing = sealingOf(testbed);
  const entry = await started(testbed);
  const other = Buffer.from(JSON.stringify({ ...entry.body, actor: { process: 'evil' } }));
  await testbed.asSuperuser(
    `update audit.entry set bytes = '\\x${other.toString('hex')}', leaf_hash = '\\x${leafHash(other).toString('hex')}'`,
  );
  sequencing(testbed);
  testbed.signer();
  await expect(sealing.untilSealed(entry)).rejects.toMatchObject({ code: 'log_untrusted' });
});

test('where a witness is required, its cosignature is waited for', async () => {
  const testbed = await signerTestbed();
  const cosigner = keyPair('witness.example', 'cosignature/v1');
  const witnesses = [cosigner.verifier];
  const keys = { log: [testbed.key.verifier], witnesses };
  const impatient = sealingOf(testbed, { keys, withinMs: 1_000 });
  sequencing(testbed);
  const witness = await witnessOn(join(testbed.home, 'witness'), [testbed.key], cosigner);
  let client: { wake(): void } | null = null;
  testbed.signer({ onPublished: () => client?.wake() });
  await expect(impatient.untilSealed(await started(testbed))).rejects.toMatchObject({
    code: 'log_unavailable',
  });
  const log = { warn: () => undefined, fatal: () => undefined };
  const made = startWitnessClient({ pool: testbed.signerPool, url: witness.url, witnesses, log });
  onTestFinished(() => made.stop());
  client = made;
  await sealingOf(testbed, { keys }).untilSealed(await started(testbed));
  await eventually(() => impatient.ready().then(() => true));
});
