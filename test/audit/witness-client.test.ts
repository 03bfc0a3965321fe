import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openCheckpoint } from '../../audit/checkpoint.ts';
import { cosignedCheckpoint } from '../../audit/checkpoints.ts';
import { startWitnessClient } from '../../audit/witness-client.ts';
import type { WitnessClientOptions } from '../../audit/witness-client.ts';
import { eventually } from '../support/service.ts';
import { signerGround } from './signer-ground.ts';
import type { SignerGround } from './signer-ground.ts';
import { keyPair, memoryLog } from './tree-fixture.ts';
import { impostor, witnessOn } from './witness-fixture.ts';

const cosigner = keyPair('witness.example', 'cosignature/v1');

/** A log with a signer that sends its checkpoints somewhere. */
function sending(ground: SignerGround, url: string, options: Partial<WitnessClientOptions> = {}) {
  const told: string[] = [];
  const client = startWitnessClient({
    pool: ground.signerPool,
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
  const signer = ground.signer({ onPublished: () => client.wake() });
  return { told, signer, ...client };
}

/** Resolves once the whole log is cosigned, and the cosignature verifies. */
function cosigned(ground: SignerGround): Promise<number> {
  return eventually(async () => {
    const last = await cosignedCheckpoint(ground.signerPool);
    if (last === null || last.size !== (await ground.size())) return null;
    const keys = { log: ground.key.verifier, witnesses: [cosigner.verifier] };
    return openCheckpoint(last.note, keys).cosignatures.length === 1 ? last.size : null;
  });
}

test('the newest checkpoint is cosigned, and a restarted witness and signer go on', async () => {
  const ground = await signerGround();
  const path = join(ground.home, 'witness');
  const first = await witnessOn(path, [ground.key], cosigner);
  const sender = sending(ground, first.url);
  await ground.grow(3);
  await ground.signed();
  await cosigned(ground);
  await first.stop();
  await ground.grow(20);
  await ground.signed();
  // Away: checkpoints go on. Back on the same port: the newest is cosigned.
  await witnessOn(path, [ground.key], cosigner, Date.now, first.port);
  await cosigned(ground);
  await sender.signer.stop();
  await sender.stop();
  // A new client knows of no old size, and is told.
  sending(ground, first.url);
  await ground.grow(2);
  await ground.signed();
  await cosigned(ground);
});

test('a witness that hangs, answers nonsense or signs with another key stops nothing', async () => {
  const ground = await signerGround();
  const other = keyPair('witness.example', 'cosignature/v1');
  let count = 0;
  const bad = await impostor((_, res) => {
    count += 1;
    if (count % 4 === 0) return;
    if (count % 4 === 1) res.writeHead(500).end('oops');
    else if (count % 4 === 2) res.writeHead(200).end(`— witness.example ${'A'.repeat(100_000)}\n`);
    else res.writeHead(200).end(`— witness.example ${Buffer.alloc(76).toString('base64')}\n`);
  });
  const sender = sending(ground, bad.url);
  for (let n = 0; n < 4; n += 1) {
    await ground.grow(2);
    await ground.signed();
  }
  await eventually(() => Promise.resolve(count >= 4 ? true : null));
  expect(await cosignedCheckpoint(ground.signerPool)).toBeNull();
  expect(sender.told.every((line) => line.startsWith('warn'))).toBe(true);
  expect(sender.signer.refusal()).toBeNull();
  expect(other.publicKey).not.toBe(cosigner.publicKey);
});

test('a witness that was shown another log of this name says so, and is never given in to', async () => {
  const ground = await signerGround();
  const witness = await witnessOn(join(ground.home, 'witness'), [ground.key], cosigner);
  const fork = memoryLog(ground.key.signer.name, ground.key);
  fork.grow('a', 'b');
  const add = (body: string) => fetch(`${witness.url}/add-checkpoint`, { method: 'POST', body });
  expect((await add(await fork.request(0))).status).toBe(200);
  const sender = sending(ground, witness.url);
  await ground.grow(5);
  await ground.signed();
  await eventually(() => Promise.resolve(sender.told.some((line) => line.startsWith('fatal')) ? true : null));
  expect(witness.alarms.length).toBeGreaterThan(0);
  expect(await cosignedCheckpoint(ground.signerPool)).toBeNull();
});

test('an unchanged tree is cosigned again, with a later time', async () => {
  const ground = await signerGround();
  let now = Date.now();
  const witness = await witnessOn(join(ground.home, 'witness'), [ground.key], cosigner, () => now);
  sending(ground, witness.url, { refreshMs: 100 });
  await ground.grow(1);
  await ground.signed();
  const size = await cosigned(ground);
  now += 3_600_000;
  await eventually(async () => {
    const { rows } = await ground.superuser.query(
      'select from audit.cosignature where size = $1 having count(*) > 1',
      [size],
    );
    return rows.length > 0 ? true : null;
  });
});
