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
import { signerGround } from './signer-ground.ts';
import type { SignerGround } from './signer-ground.ts';
import { keyPair } from './tree-fixture.ts';
import { witnessOn } from './witness-fixture.ts';

function sealingOf(ground: SignerGround, options: Partial<SealingOptions> = {}) {
  const sealing = startSealing({
    pool: ground.worker,
    keys: { log: [ground.key.verifier], witnesses: [] },
    ...options,
  });
  onTestFinished(() => sealing.stop());
  return sealing;
}

function sequencing(ground: SignerGround): void {
  const sequencer = startSequencer({ pool: ground.signerPool });
  onTestFinished(() => sequencer.stop());
}

async function started(ground: SignerGround) {
  const entry = draft('attempt.started');
  await appendEntry(ground.worker, entry);
  return entry;
}

test('an entry is sealed within a batch, and a hundred at once too', async () => {
  const ground = await signerGround();
  ground.signer({ groupMs: 600_000 });
  sequencing(ground);
  // Far longer than it takes, far shorter than the signer gathers what nobody waits for.
  const sealing = sealingOf(ground, { withinMs: 60_000 });
  await sealing.untilSealed(await started(ground));
  const waits = Array.from({ length: 100 }, async () => sealing.untilSealed(await started(ground)));
  await Promise.all(waits);
  // Grouped: fewer checkpoints than entries.
  expect((await ground.checkpoints()).length).toBeLessThan(90);
  await expect(sealing.ready()).resolves.toBeUndefined();
});

test('without a signer nothing is sealed, the next does not even begin, and all is well once it is back', async () => {
  const ground = await signerGround();
  sequencing(ground);
  const sealing = sealingOf(ground, { withinMs: 300 });
  const entry = await started(ground);
  await expect(sealing.untilSealed(entry)).rejects.toMatchObject({ code: 'log_unavailable' });
  await expect(sealing.ready()).rejects.toMatchObject({ code: 'log_unavailable' });
  ground.signer();
  await eventually(() => sealing.ready().then(() => true));
  const patient = sealingOf(ground);
  await patient.untilSealed(await started(ground));
});

test('a checkpoint of another key is not believed', async () => {
  const ground = await signerGround();
  sequencing(ground);
  const sealing = sealingOf(ground);
  const entry = await started(ground);
  await eventually(async () => ((await ground.size()) === 1 ? true : null));
  // Of the log's name, as somebody with the database, but without the key, can make it.
  const forged = keyPair(ground.key.signer.name);
  const root = leafHash(Buffer.from('whatever'));
  const note = signNote(formatCheckpoint({ origin: forged.signer.name, size: 1, root }), [forged.signer]);
  await ground.superuser.query('insert into audit.checkpoint (size, root, note) values (1, $1, $2)', [
    root,
    note,
  ]);
  await expect(sealing.untilSealed(entry)).rejects.toMatchObject({ code: 'log_untrusted' });
  await expect(sealing.ready()).rejects.toMatchObject({ code: 'log_untrusted' });
});

test('an entry that was exchanged before it was signed is not the worker’s own', async () => {
  const ground = await signerGround();
  const sealing = sealingOf(ground);
  const entry = await started(ground);
  const other = Buffer.from(JSON.stringify({ ...entry.body, actor: { process: 'evil' } }));
  await ground.asSuperuser(
    `update audit.entry set bytes = '\\x${other.toString('hex')}', leaf_hash = '\\x${leafHash(other).toString('hex')}'`,
  );
  sequencing(ground);
  ground.signer();
  await expect(sealing.untilSealed(entry)).rejects.toMatchObject({ code: 'log_untrusted' });
});

test('where a witness is required, its cosignature is waited for', async () => {
  const ground = await signerGround();
  const cosigner = keyPair('witness.example', 'cosignature/v1');
  const witnesses = [cosigner.verifier];
  const keys = { log: [ground.key.verifier], witnesses };
  const impatient = sealingOf(ground, { keys, withinMs: 1_000 });
  sequencing(ground);
  const witness = await witnessOn(join(ground.home, 'witness'), [ground.key], cosigner);
  let client: { wake(): void } | null = null;
  ground.signer({ onPublished: () => client?.wake() });
  await expect(impatient.untilSealed(await started(ground))).rejects.toMatchObject({
    code: 'log_unavailable',
  });
  const log = { warn: () => undefined, fatal: () => undefined };
  const made = startWitnessClient({ pool: ground.signerPool, url: witness.url, witnesses, log });
  onTestFinished(() => made.stop());
  client = made;
  await sealingOf(ground, { keys }).untilSealed(await started(ground));
  await eventually(() => impatient.ready().then(() => true));
});
