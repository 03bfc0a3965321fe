import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Freeze } from '../../domain/freeze.ts';
import { cloneDatabase } from '../support/database.ts';
import { entriesOf, inMs, stepsOf } from '../support/steps.ts';
import { replayAll } from '../support/replay.ts';
import { changeThat, startApi, startTestbed, startWorkers } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';
import { giveSettings, strangeSettings } from '../support/strange-settings.ts';

let testbed: Testbed;
let api: Awaited<ReturnType<typeof startApi>>;
let workers: Awaited<ReturnType<typeof startWorkers>>;

beforeAll(async () => {
  const database = await cloneDatabase();
  await giveSettings(database, strangeSettings);
  // Of a role they come before the database's.
  const login = new URL(database.url('worker')).username;
  await giveSettings(database, { DateStyle: 'SQL, DMY' }, login);
  testbed = await startTestbed({ database });
  [api, workers] = await Promise.all([startApi(testbed), startWorkers(testbed, { gateLongestMs: 1000 })]);
});
afterAll(async () => {
  await replayAll(testbed);
  await workers.stop();
  await api.stop();
  await testbed.stop();
});

test(
  'a database and a role with other settings change nothing of what happens',
  { timeout: 120_000 },
  async () => {
    const steps = stepsOf(api);
    const freeze = await api.users.adam.post<Freeze>('/v1/freezes', {
      reason: 'the great sale',
      endsAt: inMs(3_600_000),
    });
    const shown = await api.users.adam.get<Freeze>(`/v1/freezes/${freeze.id}`);
    expect(shown).toMatchObject({ startsAt: freeze.startsAt, endsAt: freeze.endsAt });

    const sn = await testbed.certificate();
    const { id } = await steps.approved(sn);
    const held = await changeThat(api.users.alice, id, (c) => c.waitsFor !== null);
    expect(held.waitsFor).toMatchObject({ kind: 'freeze' });
    await api.users.adam.delete(`/v1/freezes/${freeze.id}`);
    expect(await steps.ended(id)).toMatchObject({ executionStatus: 'succeeded' });
    expect((await entriesOf(api.users.dave, id)).at(-1)?.type).toBe('change.closed');

    const token = await api.users.adam.post<{ secret: string }>('/v1/tokens', {
      name: 'pipeline',
      scopes: ['audit:read'],
      expiresAt: inMs(3_600_000),
    });
    const answer = await fetch(`${api.url}/v1/audit/entries?limit=200&timeTo=${inMs(60_000)}`, {
      headers: { authorization: `Bearer ${token.secret}` },
    });
    expect(answer.status).toBe(200);
    const { items } = (await answer.json()) as { items: { type: string }[] };
    expect(items.map(({ type }) => type)).toContain('attempt.succeeded');
    const { items: tokens } = await api.users.adam.get<{ items: { expiresAt: string }[] }>('/v1/tokens');
    expect(tokens.map(({ expiresAt }) => Number.isNaN(Date.parse(expiresAt)))).toEqual([false]);
  },
);
