import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../../embedded/free-port.ts';
import { getOwner } from '../../store/get-owner.ts';
import { makePool } from '../../store/pool.ts';
import { startProcess } from '../support/process.ts';
import { startTestbed } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';

/* What a process says whose variables lead to no Temporal, or to no namespace there. */

let testbed: Testbed;
beforeAll(async () => {
  testbed = await startTestbed();
});
afterAll(() => testbed.stop());

async function owner() {
  const pool = makePool({ connectionString: testbed.database.url('reader'), applicationName: 'test' });
  try {
    return await getOwner(pool);
  } finally {
    await pool.end();
  }
}

test.each(['api', 'worker'] as const)(
  '%s: a mistyped namespace is named, and claims nothing',
  async (name) => {
    const ended = startProcess(testbed, name, { TEMPORAL_NAMESPACE: 'mistyped' });
    await expect(ended).rejects.toThrow(
      `countersign: TEMPORAL_NAMESPACE: ${testbed.temporalAddress} has no namespace mistyped`,
    );
    await expect(ended).rejects.toThrow(`${name} ended (4)`);
    expect(await owner()).toBeNull();
  },
);

test('worker: where nothing answers, the variable and the address are named', async () => {
  const address = `127.0.0.1:${await freePort()}`;
  const ended = startProcess(testbed, 'worker', { TEMPORAL_ADDRESS: address });
  await expect(ended).rejects.toThrow(`countersign: TEMPORAL_ADDRESS: nothing answers at ${address}`);
  expect(await owner()).toBeNull();
});
