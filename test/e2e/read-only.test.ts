import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { takeAway } from '../support/database.ts';
import { decide, inMs, stepsOf } from '../support/steps.ts';
import { replayAll } from '../support/replay.ts';
import { eventually, startApi, startTestbed, startWorkers, submission } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';

/* A Postgres that answers and takes no writes: set so, or a standby that the name leads to after a failover. */

let testbed: Testbed;
let api: Awaited<ReturnType<typeof startApi>>;
let workers: Awaited<ReturnType<typeof startWorkers>>;

beforeAll(async () => {
  testbed = await startTestbed();
  [api, workers] = await Promise.all([startApi(testbed, { engineDeadlineMs: 3000 }), startWorkers(testbed)]);
});
afterAll(async () => {
  await replayAll(testbed);
  await workers.stop();
  await api.stop();
  await testbed.stop();
});

async function call(who: 'alice' | 'bob' | 'adam' | 'dave', method: string, path: string, body?: object) {
  const response = await fetch(`${api.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${await testbed.identity.tokenFor(who)}`,
      ...(body ? { 'content-type': 'application/json' } : {}),
      'idempotency-key': randomUUID(),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const answer = (await response.json()) as { code?: string };
  return { status: response.status, code: answer.code ?? null };
}
async function readiness(): Promise<{ status: number; log: unknown; postgres: unknown }> {
  const response = await fetch(`${api.url}/readyz`);
  const { log, postgres } = (await response.json()) as { log: unknown; postgres: unknown };
  return { status: response.status, log, postgres };
}

test(
  'it is not ready, all that writes is 503 log_unavailable, reads go on, and so does everything afterwards',
  { timeout: 120_000 },
  async () => {
    const steps = stepsOf(api);
    const change = await steps.asked(await testbed.certificate());
    expect(await readiness()).toEqual({ status: 200, log: true, postgres: true });

    await takeAway(testbed.database, 'unwritable');
    const unavailable = { status: 503, code: 'log_unavailable' };
    await expect.poll(readiness).toEqual({ status: 503, log: false, postgres: true });
    const freeze = { reason: 'the great sale', startsAt: inMs(3_600_000) };
    expect(await call('adam', 'POST', '/v1/freezes', freeze)).toEqual(unavailable);
    const token = { name: 'pipeline', scopes: ['audit:read'], expiresAt: inMs(3_600_000) };
    expect(await call('adam', 'POST', '/v1/tokens', token)).toEqual(unavailable);
    const revocation = { digest: change.policy.digest, comment: 'too weak' };
    expect(await call('adam', 'POST', '/v1/policy-revocations', revocation)).toEqual(unavailable);
    expect(await call('dave', 'GET', '/v1/audit/entries')).toEqual(unavailable);
    // A refusal that cannot be recorded is not given.
    const own = { decision: 'approve', digest: change.digest, comment: '' };
    expect(await call('alice', 'POST', `/v1/changes/${change.id}/decisions`, own)).toEqual(unavailable);
    const asked = submission(await testbed.certificate());
    expect(await call('alice', 'POST', '/v1/changes', asked)).toEqual(unavailable);
    expect((await call('bob', 'GET', `/v1/changes/${change.id}`)).status).toBe(200);

    // Connections that are there stay as they are: they are the ones to the server that was left behind.
    const client = new pg.Client({ connectionString: testbed.database.url('superuser') });
    await client.connect();
    await client.query('set default_transaction_read_only = off');
    await client.query(`alter database ${testbed.database.name} reset default_transaction_read_only`);
    await client.end();
    await eventually(async () => ((await readiness()).status === 200 ? true : null));
    await eventually(async () =>
      (await call('adam', 'POST', '/v1/freezes', freeze)).status === 201 ? true : null,
    );
    await eventually(async () => ((await decide(api.users.bob, change)).decisions.length > 0 ? true : null));
    expect(await steps.ended(change.id)).toMatchObject({ executionStatus: 'succeeded' });
  },
);
