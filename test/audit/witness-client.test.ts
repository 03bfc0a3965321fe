import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openCheckpoint } from '../../audit/checkpoint.ts';
import { cosignedCheckpoint } from '../../audit/checkpoints.ts';
import { startWitnessClient } from '../../audit/witness-client.ts';
import type { WitnessClientOptions } from '../../audit/witness-client.ts';
import { eventually } from '../support/service.ts';
import { signerTestbed } from './signer-testbed.ts';
import type { SignerTestbed } from './signer-testbed.ts';
import { keyPair, memoryLog } from './tree-fixture.ts';
import { impostor, witnessOn } from './witness-fixture.ts';

const cosigner = keyPair('witness.example', 'cosignature/v1');

/** A log with a signer that sends its checkpoints somewhere. */
function sending(testbed: SignerTestbed, url: string, options: Partial<WitnessClientOptions> = {}) {
  const told: string[] = [];
  const client = startWitnessClient({
    pool: testbed.signerPool,
    url,
    witnesses: [cosigner.verifier],
    log: {
      warn: (_, message) => void told.push(`warn: ${message}`),
      fatal: (_, message) => void told.push(`fatal: ${message}`),
    },
    timeoutMs: 500,
    ...options,
  });
  onTestFinished(() => client.stop());
  const signer = testbed.signer({ onPublished: () => client.wake() });
  return { told, signer, ...client };
}

/** Resolves once the whole log is cosigned, and the cosignature verifies. */
function cosigned(testbed: SignerTestbed): Promise<number> {
  return eventually(async () => {
    const last = await cosignedCheckpoint(testbed.signerPool);
    if (last === null || last.size !== (await testbed.size())) return null;
    const keys = { log: testbed.key.verifier, witnesses: [cosigner.verifier] };
    return openCheckpoint(last.note, keys).cosignatures.length === 1 ? last.size : null;
  });
}

test('the newest checkpoint is cosigned, and a restarted witness and signer go on', async () => {
  const testbed = await signerTestbed();
  const path = join(testbed.home, 'witness');
  const first = await witnessOn(path, [testbed.key], cosigner);
  const sender = sending(testbed, first.url);
  await testbed.grow(3);
  await testbed.signed();
  await cosigned(testbed);
  await first.stop();
  await testbed.grow(20);
  await testbed.signed();
  // Away: checkpoints go on. Back on the same port: the newest is cosigned.
  await witnessOn(path, [testbed.key], cosigner, Date.now, first.port);
  await cosigned(testbed);
  await sender.signer.stop();
  await sender.stop();
  // A new client knows of no old size, and is told.
  sending(testbed, first.url);
  await testbed.grow(2);
  await testbed.signed();
  await cosigned(testbed);
});

test('a witness that hangs, answers nonsense or signs with another key stops nothing', async () => {
  const testbed = await signerTestbed();
  const other = keyPair('witness.example', 'cosignature/v1');
  let count = 0;
  const bad = await impostor((_, res) => {
    count += 1;
    if (count % 4 === 0) return;
    if (count % 4 === 1) res.writeHead(500).end('oops');
    else if (count % 4 === 2) res.writeHead(200).end(`— witness.example ${'A'.repeat(100_000)}\n`);
    else res.writeHead(200).end(`— witness.example ${Buffer.alloc(76).toString('base64')}\n`);
  });
  const sender = sending(testbed, bad.url);
  for (let n = 0; n < 4; n += 1) {
    await testbed.grow(2);
    await testbed.signed();
  }
  await eventually(() => Promise.resolve(count >= 4 ? true : null));
  expect(await cosignedCheckpoint(testbed.signerPool)).toBeNull();
  expect(sender.told.every((line) => line.startsWith('warn'))).toBe(true);
  expect(sender.signer.refusal()).toBeNull();
  expect(other.publicKey).not.toBe(cosigner.publicKey);
});

test('a witness that was shown another log of this name says so, and is never given in to', async () => {
  const testbed = await signerTestbed();
  const witness = await witnessOn(join(testbed.home, 'witness'), [testbed.key], cosigner);
  const fork = memoryLog(testbed.key.signer.name, testbed.key);
  fork.grow('a', 'b');
  const add = (body: string) => fetch(`${witness.url}/add-checkpoint`, { method: 'POST', body });
  expect((await add(await fork.request(0))).status).toBe(200);
  const sender = sending(testbed, witness.url);
  await testbed.grow(5);
  await testbed.signed();
  await eventually(() => Promise.resolve(sender.told.some((line) => line.startsWith('fatal')) ? true : null));
  expect(witness.alarms.length).toBeGreaterThan(0);
  expect(await cosignedCheckpoint(testbed.signerPool)).toBeNull();
});

test('an unchanged tree is cosigned again, with a later time', async () => {
  const testbed = await signerTestbed();
  let now = Date.now();
  const witness = await witnessOn(join(testbed.home, 'witness'), [testbed.key], cosigner, () => now);
  sending(testbed, witness.url, { refreshMs: 100 });
  await testbed.grow(1);
  await testbed.signed();
  const size = await cosigned(testbed);
  now += 3_600_000;
  await eventually(async () => {
    const { rows } = await testbed.superuser.query(
      'select from audit.cosignature where size = $1 having count(*) > 1',
      [size],
    );
    return rows.length > 0 ? true : null;
  });
});

test('while entries wait for a checkpoint that does not come, no cosignature dates what is before them', async () => {
  const testbed = await signerTestbed();
  let now = Date.now();
  const witness = await witnessOn(join(testbed.home, 'witness'), [testbed.key], cosigner, () => now);
  const sender = sending(testbed, witness.url, { refreshMs: 100 });
  await testbed.grow(1);
  await testbed.signed();
  await cosigned(testbed);
  await sender.signer.stop();
  const cosignatures = async () => {
    const { rows } = await testbed.superuser.query('select from audit.cosignature');
    return rows.length;
  };
  await testbed.grow(1);
  await testbed.asSuperuser(`update audit.entry set appended_at = now() - interval '3 minutes'`);
  // A look that had begun before may still end.
  await new Promise((resolve) => setTimeout(resolve, 500));
  const had = await cosignatures();
  now += 3_600_000;
  await new Promise((resolve) => setTimeout(resolve, 1000));
  expect(await cosignatures()).toBe(had);
});
