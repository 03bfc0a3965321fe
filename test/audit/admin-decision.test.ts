import { join } from 'node:path';
import { expect, test } from 'vitest';
import { acceptLoss, resumeSigning } from '../../audit/admin-decision.ts';
import { openCheckpoint } from '../../audit/checkpoint.ts';
import { openLogMemory } from '../../audit/log-memory.ts';
import { eventually } from '../support/service.ts';
import { signerGround } from './signer-ground.ts';
import type { SignerGround } from './signer-ground.ts';
import { keyPair } from './tree-fixture.ts';

const decision = { reason: 'restored after the fire', by: 'adam', now: Date.now() };

async function entries(ground: SignerGround, type: string): Promise<Record<string, unknown>[]> {
  const { rows } = await ground.superuser.query<{ bytes: Buffer }>(
    'select bytes from audit.entry where type = $1 order by id',
    [type],
  );
  return rows.map(({ bytes }) => JSON.parse(String(bytes)) as Record<string, unknown>);
}

/** Signed, backed up, signed on, put back to the backup: a signer refuses. */
async function refusingGround() {
  const ground = await signerGround();
  const signer = ground.signer();
  await ground.grow(3);
  await ground.signed();
  const early = await ground.backUp();
  await ground.grow(5);
  await ground.signed();
  await signer.stop();
  const lost = await ground.remembered();
  await early.restore();
  const next = ground.signer();
  await eventually(() => Promise.resolve(next.refusal() === 'log_truncated' ? true : null));
  return { ground, signer: next, lost };
}

test('an accepted loss begins another origin, and says after which tree', async () => {
  const { ground, signer, lost } = await refusingGround();
  await signer.stop();
  const key = keyPair(`${ground.key.signer.name}/2`);
  await acceptLoss(ground.memory, { origin: key.signer.name, keys: [key.publicKey] }, decision);
  ground.signer({ keys: () => Promise.resolve([key.signer]) });
  await ground.grow(4);
  await eventually(async () => ((await entries(ground, 'log.started')).length === 2 ? true : null));
  await ground.signed();
  const note = (await ground.checkpoints()).at(-1)?.note ?? '';
  expect(openCheckpoint(note, { log: key.verifier }).size).toBe(await ground.size());
  expect((await entries(ground, 'log.started')).at(-1)).toMatchObject({
    origin: key.signer.name,
    previous: { origin: ground.key.signer.name, size: lost?.size, root: lost?.root },
    accepted: { reason: 'restored after the fire', by: 'adam', refusal: 'log_truncated' },
  });
});

test('a running signer looks again when it may, refuses again, and goes on once the log is back', async () => {
  const ground = await signerGround();
  const signer = ground.signer();
  await ground.grow(3);
  await ground.signed();
  await ground.asSuperuser('create table kept as select * from audit.leaf where index = 2');
  await ground.asSuperuser('delete from audit.leaf where index = 2');
  await signer.stop();
  const next = ground.signer();
  await eventually(() => Promise.resolve(next.refusal() === 'log_truncated' ? true : null));
  const refusedAt = (await ground.remembered())?.refusal?.at;
  await resumeSigning(ground.memory, decision);
  await eventually(async () => {
    const refusal = (await ground.remembered())?.refusal;
    return refusal && refusal.at !== refusedAt ? true : null;
  });
  await ground.asSuperuser('insert into audit.leaf select * from kept');
  await resumeSigning(ground.memory, decision);
  await eventually(() => Promise.resolve(next.refusal() === null ? true : null));
  await ground.grow(2);
  await ground.signed();
  expect(await entries(ground, 'log.resumed')).toMatchObject([
    { accepted: { reason: 'restored after the fire', by: 'adam', refusal: 'log_truncated' } },
  ]);
  expect((await ground.checkpoints()).at(-1)?.size).toBe(await ground.size());
});

test('only a signer that has refused can be told, and never to continue under the old origin', async () => {
  const { ground, signer } = await refusingGround();
  const fresh = await openLogMemory(join(ground.home, 'fresh'));
  const next = { origin: 'log.example/next', keys: [] };
  const refused = { code: 'invalid_request' };
  await expect(acceptLoss(fresh, next, decision)).rejects.toMatchObject(refused);
  await expect(resumeSigning(fresh, decision)).rejects.toMatchObject(refused);
  await expect(
    acceptLoss(ground.memory, { ...next, origin: ground.key.signer.name }, decision),
  ).rejects.toMatchObject(refused);
  await signer.stop();
  const other = ground.signer({ memory: fresh });
  await eventually(() => Promise.resolve(other.refusal() === 'memory_missing' ? true : null));
  await expect(resumeSigning(fresh, decision)).rejects.toMatchObject(refused);
});
