import { join } from 'node:path';
import { expect, test } from 'vitest';
import { acceptLoss, resumeSigning } from '../../audit/admin-decision.ts';
import { openCheckpoint } from '../../audit/checkpoint.ts';
import { openLogMemory } from '../../audit/log-memory.ts';
import { eventually } from '../support/service.ts';
import { signerTestbed } from './signer-testbed.ts';
import type { SignerTestbed } from './signer-testbed.ts';
import { keyPair } from './tree-fixture.ts';

const decision = { reason: 'restored after the fire', by: 'adam', now: Date.now() };

async function entries(testbed: SignerTestbed, type: string): Promise<Record<string, unknown>[]> {
  const { rows } = await testbed.superuser.query<{ bytes: Buffer }>(
    'select bytes from audit.entry where type = $1 order by id',
    [type],
  );
  return rows.map(({ bytes }) => JSON.parse(String(bytes)) as Record<string, unknown>);
}

/** Signed, backed up, signed on, put back to the backup: a signer refuses. */
async function refusingTestbed() {
  const testbed = await signerTestbed();
  const signer = testbed.signer();
  await testbed.grow(3);
  await testbed.signed();
  const early = await testbed.backUp();
  await testbed.grow(5);
  await testbed.signed();
  await signer.stop();
  const lost = await testbed.remembered();
  await early.restore();
  const next = testbed.signer();
  await eventually(() => Promise.resolve(next.refusal() === 'log_truncated' ? true : null));
  return { testbed, signer: next, lost };
}

test('an accepted loss begins another origin, and says after which tree', async () => {
  const { testbed, signer, lost } = await refusingTestbed();
  await signer.stop();
  const key = keyPair(`${testbed.key.signer.name}/2`);
  await acceptLoss(testbed.memory, { origin: key.signer.name, keys: [key.publicKey] }, decision);
  testbed.signer({ keys: () => Promise.resolve([key.signer]) });
  await testbed.grow(4);
  await eventually(async () => ((await entries(testbed, 'log.started')).length === 2 ? true : null));
  await testbed.signed();
  const note = (await testbed.checkpoints()).at(-1)?.note ?? '';
  expect(openCheckpoint(note, { log: key.verifier }).size).toBe(await testbed.size());
  expect((await entries(testbed, 'log.started')).at(-1)).toMatchObject({
    origin: key.signer.name,
    previous: { origin: testbed.key.signer.name, size: lost?.size, root: lost?.root },
    accepted: { reason: 'restored after the fire', by: 'adam', refusal: 'log_truncated' },
  });
});

test('a running signer looks again when it may, refuses again, and goes on once the log is back', async () => {
  const testbed = await signerTestbed();
  const signer = testbed.signer();
  await testbed.grow(3);
  await testbed.signed();
  await testbed.asSuperuser('create table kept as select * from audit.leaf where index = 2');
  await testbed.asSuperuser('delete from audit.leaf where index = 2');
  await signer.stop();
  const next = testbed.signer();
  await eventually(() => Promise.resolve(next.refusal() === 'log_truncated' ? true : null));
  const refusedAt = (await testbed.remembered())?.refusal?.at;
  await resumeSigning(testbed.memory, decision);
  await eventually(async () => {
    const refusal = (await testbed.remembered())?.refusal;
    return refusal && refusal.at !== refusedAt ? true : null;
  });
  await testbed.asSuperuser('insert into audit.leaf select * from kept');
  await resumeSigning(testbed.memory, decision);
  await eventually(() => Promise.resolve(next.refusal() === null ? true : null));
  await testbed.grow(2);
  await testbed.signed();
  expect(await entries(testbed, 'log.resumed')).toMatchObject([
    { accepted: { reason: 'restored after the fire', by: 'adam', refusal: 'log_truncated' } },
  ]);
  expect((await testbed.checkpoints()).at(-1)?.size).toBe(await testbed.size());
});

test('only a signer that has refused can be told, and never to continue under the old origin', async () => {
  const { testbed, signer } = await refusingTestbed();
  const fresh = await openLogMemory(join(testbed.home, 'fresh'));
  const next = { origin: 'log.example/next', keys: [] };
  const refused = { code: 'invalid_request' };
  await expect(acceptLoss(fresh, next, decision)).rejects.toMatchObject(refused);
  await expect(resumeSigning(fresh, decision)).rejects.toMatchObject(refused);
  await expect(
    acceptLoss(testbed.memory, { ...next, origin: testbed.key.signer.name }, decision),
  ).rejects.toMatchObject(refused);
  await signer.stop();
  const other = testbed.signer({ memory: fresh });
  await eventually(() => Promise.resolve(other.refusal() === 'memory_missing' ? true : null));
  await expect(resumeSigning(fresh, decision)).rejects.toMatchObject(refused);
});
