import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPostgres } from '../../embedded/postgres.ts';
import type { EmbeddedPostgres } from '../../embedded/postgres.ts';
import { migrate } from '../../store/migrate.ts';
import { temporaryHome } from '../support/stack.ts';

// A server of its own, on which nobody has made the group roles: they belong to the whole server.
let home: string;
let server: EmbeddedPostgres;

beforeAll(async () => {
  home = await temporaryHome();
  server = await startPostgres({ dataDir: join(home, 'postgres') });
});

afterAll(async () => {
  await server.stop();
  await rm(home, { recursive: true, force: true });
});

test('missing group roles are made, also when several databases are migrated at once', async () => {
  const superuser = new pg.Client({ connectionString: server.superuserUrl });
  await superuser.connect();
  const names = ['one', 'two', 'three', 'four'];
  try {
    await superuser.query(`create role owner login createrole password 'secret'`);
    for (const name of names) await superuser.query(`create database ${name} owner owner`);
    const runs = await Promise.all(
      names.flatMap((name) => {
        const databaseUrl = server.databaseUrl('owner', name, 'secret');
        return [migrate({ databaseUrl }), migrate({ databaseUrl })];
      }),
    );
    expect(runs.filter(({ applied }) => applied.length > 0)).toHaveLength(names.length);
    const { rows } = await superuser.query(
      `select rolname, rolcanlogin, rolsuper from pg_roles where rolname like 'countersign%' order by rolname`,
    );
    expect(rows).toEqual(
      ['api', 'console', 'deliverer', 'reader', 'signer', 'worker'].map((name) => ({
        rolname: `countersign_${name}`,
        rolcanlogin: false,
        rolsuper: false,
      })),
    );
  } finally {
    await superuser.end();
  }
});
