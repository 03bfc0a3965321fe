import { Connection } from '@temporalio/client';
import pg from 'pg';
import { expect, inject, test } from 'vitest';

test('the run shares a Postgres whose processes are no superusers', async () => {
  for (const url of Object.values(inject('databaseUrls'))) {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const { rows } = await client.query<{ rolsuper: boolean }>(
      'select rolsuper from pg_roles where rolname = current_user',
    );
    await client.end();
    expect(rows).toEqual([{ rolsuper: false }]);
  }
});

test('the run shares a Temporal with the search attributes', async () => {
  const connection = await Connection.connect({ address: inject('temporalAddress') });
  const { customAttributes } = await connection.operatorService.listSearchAttributes({
    namespace: 'default',
  });
  await connection.close();
  expect(Object.keys(customAttributes)).toEqual(
    expect.arrayContaining([
      'CountersignOperation',
      'CountersignTarget',
      'CountersignDecision',
      'CountersignExecution',
    ]),
  );
});
