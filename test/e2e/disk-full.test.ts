import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { join } from 'node:path';
import pg from 'pg';
import { expect, test } from 'vitest';
import { appendEntry } from '../../audit/append.ts';
import { workflowIdOf } from '../../domain/change.ts';
import { makePool } from '../../store/pool.ts';
import { draft } from '../audit/entry-fixture.ts';
import { found, saved, verified } from '../audit/pack-file.ts';
import { untilSealed } from '../audit/seal.ts';
import { codeOf, decide, stepsOf, post } from '../support/steps.ts';
import { ownDatabase } from '../support/own-database.ts';
import {
  changeThat,
  eventually,
  startApi,
  startTestbed,
  startWorkers,
  submission,
} from '../support/service.ts';
import type { Testbed } from '../support/service.ts';
import { smallDisk } from '../support/small-disk.ts';
import type { SmallDisk } from '../support/small-disk.ts';
import { expectWhole } from '../support/whole-log.ts';

type OwnDatabase = Awaited<ReturnType<typeof ownDatabase>>;

/** Uses up what is left in the pages that the log's tables have, so that the next entry needs another. */
async function useUpPages({ database }: OwnDatabase): Promise<void> {
  const pool = makePool({ connectionString: database.url('api'), applicationName: 'test', max: 1 });
  for (let failures = 0; failures < 5;) {
    const code = await codeOf(appendEntry(pool, draft('audit.read', { changeId: null })));
    expect([null, 'log_unavailable']).toContain(code);
    failures = code === null ? 0 : failures + 1;
  }
  await pool.end();
}

/** Has Postgres begin another file of its write-ahead log, which takes 16 MB. */
async function nextWalFile({ database }: OwnDatabase): Promise<void> {
  const client = new pg.Client({ connectionString: database.url('superuser') });
  // A server that cannot have it ends.
  client.on('error', () => undefined);
  await client.connect();
  await client.query('select pg_switch_wal()').catch(() => undefined);
  await client.query('checkpoint').catch(() => undefined);
  await client.end().catch(() => undefined);
}

/** How often Temporal has tried what the change waits for. */
async function tries(testbed: Testbed, id: string): Promise<number> {
  const { raw } = await testbed.client.workflow.getHandle(workflowIdOf(id)).describe();
  return Math.max(0, ...(raw.pendingActivities ?? []).map(({ attempt }) => attempt ?? 0));
}

interface Fullness {
  readonly what: string;
  /** What a decision is answered meanwhile. */
  readonly answer: string;
  readonly fill: (postgres: OwnDatabase, disk: SmallDisk) => Promise<void>;
  readonly recover: (postgres: OwnDatabase) => Promise<void>;
}

const ways: Fullness[] = [
  {
    what: 'no table can grow',
    answer: 'outcome_not_known',
    fill: async (postgres, disk) => {
      // Room for the write-ahead log of what fails.
      await nextWalFile(postgres);
      await disk.fill();
      await useUpPages(postgres);
    },
    recover: () => Promise.resolve(),
  },
  {
    what: 'Postgres cannot go on and ends',
    answer: 'log_unavailable',
    fill: async (postgres, disk) => {
      await disk.fill();
      await nextWalFile(postgres);
      await postgres.exited();
    },
    recover: (postgres) => postgres.start(),
  },
];

test.for(ways)(
  'on a full disk, where $what, nothing is called; with room again everything goes on and ends once',
  { timeout: 240_000 },
  async ({ answer, fill, recover }, context) => {
    const { onTestFinished } = context;
    const disk = await smallDisk(context, '256m');
    const postgres = await ownDatabase(join(disk.path, 'home'), { autovacuum: 'off', max_wal_size: '32MB' });
    onTestFinished(() => postgres.stop());
    const testbed = await startTestbed({ database: postgres.database });
    onTestFinished(() => testbed.stop());
    const api = await startApi(testbed, { engineDeadlineMs: 3_000 });
    onTestFinished(() => api.stop());
    const recorded = Promise.withResolvers<undefined>();
    const full = Promise.withResolvers<undefined>();
    let isWatched = false;
    const workers = await startWorkers(testbed, {
      at: async (point) => {
        if (point !== 'recorded' || !isWatched) return;
        recorded.resolve(undefined);
        await full.promise;
      },
    });
    onTestFinished(() => workers.stop());
    const { alice, bob, dave } = api.users;
    const { asked } = stepsOf(api);

    const sns = [
      await testbed.certificate(),
      await testbed.certificate(),
      await testbed.certificate(),
    ] as const;
    const waiting = await asked(sns[0]);
    const approved = await asked(sns[1]);
    isWatched = true;
    const deciding = codeOf(decide(bob, approved));
    await recorded.promise;
    await fill(postgres, disk);
    isWatched = false;
    full.resolve(undefined);
    await deciding;

    expect(await codeOf(decide(bob, waiting))).toBe(answer);
    const key = randomUUID();
    const refused = await fetch(`${api.url}/v1/changes`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await testbed.identity.tokenFor('alice')}`,
        'content-type': 'application/json',
        'idempotency-key': key,
      },
      body: JSON.stringify(submission(sns[2])),
    });
    expect(refused.status).toBe(503);
    expect(refused.headers.get('content-type')).toContain('application/problem+json');
    await eventually(async () => ((await tries(testbed, approved.id)) >= 4 ? true : null));
    for (const sn of sns) expect(await testbed.calls(sn)).toEqual([]);

    await disk.free();
    await recover(postgres);
    await expectWhole(api, testbed, approved.id, sns[1]);
    // The same again, since nobody was told what came of them.
    expect((await eventually(() => decide(bob, waiting))).decisions).toHaveLength(1);
    await expectWhole(api, testbed, waiting.id, sns[0]);
    const { id } = await eventually(() => post(alice, sns[2], key));
    await decide(bob, await changeThat(alice, id, (c) => c.digest !== null));
    await expectWhole(api, testbed, id, sns[2]);

    const pool = makePool({ connectionString: postgres.database.url('signer'), applicationName: 'test' });
    await untilSealed(pool);
    await pool.end();
    const pack = await saved(Readable.fromWeb(await dave.download('/v1/audit/export')));
    const trusted = await Promise.all(
      [testbed.logPublicKey, testbed.keys.publicKey].map((f) => readFile(f, 'utf8')),
    );
    const verdict = await verified(pack, trusted.join('\n'));
    expect(found(verdict)).toEqual([]);
    expect(verdict).toMatchObject({ result: 'valid', checked: { changes: 3 }, openChangeCount: 0 });
  },
);
