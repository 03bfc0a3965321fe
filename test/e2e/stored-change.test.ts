import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AlarmCode } from '../../domain/alarm.ts';
import { makePool } from '../../store/pool.ts';
import { codeOf, decide, inMs, stepsOf, post } from '../support/steps.ts';
import type { Steps } from '../support/steps.ts';
import { changeThat, instance, startApi, startTestbed, startWorkers } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';

/* Somebody with Postgres' superuser edits what is kept of a change: nobody may be shown one thing and sign another. */

let testbed: Testbed;
let api: Awaited<ReturnType<typeof startApi>>;
let workers: Awaited<ReturnType<typeof startWorkers>>;
let superuser: Pool;
let steps: Steps;
const alarms: { code: AlarmCode; changeId: unknown }[] = [];

beforeAll(async () => {
  testbed = await startTestbed();
  superuser = makePool({
    connectionString: testbed.database.url('superuser'),
    applicationName: 'test superuser',
  });
  [api, workers] = await Promise.all([
    startApi(testbed, {
      alarm: (code, _message, details) => void alarms.push({ code, changeId: details?.['changeId'] }),
    }),
    startWorkers(testbed),
  ]);
  steps = stepsOf(api);
});
afterAll(async () => {
  await workers.stop();
  await api.stop();
  await superuser.end();
  await testbed.stop();
});

/** Edits members of what is kept, given by their dotted paths. */
async function edit(id: string, members: Record<string, unknown>): Promise<void> {
  for (const [path, value] of Object.entries(members)) {
    const { rowCount } = await superuser.query(
      'update countersign.change set document = jsonb_set(document, $2::text[], $3::jsonb) where id = $1',
      [id, path.split('.'), JSON.stringify(value)],
    );
    expect(rowCount).toBe(1);
  }
}

/** What the log has of the difference. */
async function told(id: string): Promise<{ coalesced: number; [member: string]: unknown }[]> {
  const { rows } = await superuser.query<{ body: { coalesced: number } }>(
    `select convert_from(bytes, 'UTF8')::jsonb as body from audit.entry
      where change_id = $1 and type = 'integrity.differs' order by id`,
    [id],
  );
  return rows.map(({ body }) => body);
}

const other = `SN-${randomUUID()}`;

describe('a pending change that was edited in Postgres', { timeout: 120_000 }, () => {
  test('another target is not shown, and not activated under a word for a harmless one', async () => {
    const { users } = api;
    const [sn, harmless] = [await testbed.certificate(), await testbed.certificate()];
    const { id, digest } = await steps.asked(sn);
    await edit(id, {
      'input.sn': harmless,
      'snapshot.sn': harmless,
      'target.id': `cn-hangzhou/${instance}/${harmless}`,
      'target.scope.sn': harmless,
    });
    expect(await codeOf(users.bob.change(id))).toBe('stored_change_differs');
    // Also by somebody who has the digest from before.
    const word = users.bob.post(`/v1/changes/${id}/decisions`, { decision: 'approve', digest, comment: '' });
    expect(await codeOf(word)).toBe('stored_change_differs');
    expect(await codeOf(users.alice.change(id))).toBe('stored_change_differs');
    for (let n = 0; n < 20; n += 1) await codeOf(users.bob.change(id));
    const entries = await told(id);
    expect(entries).toHaveLength(1);
    expect(entries[0]).toMatchObject({ actor: { process: 'api' }, outcome: 'stored_change_differs' });
    expect(alarms.filter((alarm) => alarm.changeId === id)).toEqual([
      { code: 'stored_change_differs', changeId: id },
    ]);
    // What stops needs no digest, and is answered.
    const after = await users.olga.post<{ digest: unknown; decisionStatus: string }>(
      `/v1/changes/${id}/withdrawal`,
      { comment: 'edited' },
    );
    // The worker has written down what it has itself.
    expect(after).toMatchObject({ digest, input: { sn }, decisionStatus: 'withdrawn' });
    await expect
      .poll(async () => (await users.alice.events(id)).at(-1)?.type, { timeout: 30_000 })
      .toBe('change.closed');
    expect([await testbed.calls(sn), await testbed.calls(harmless)]).toEqual([[], []]);
  });

  test.each<[string, Record<string, unknown>]>([
    ['input', { 'input.sn': other }],
    ['target', { 'target.id': `cn-hangzhou/${instance}/${other}` }],
    ['target’s scope', { 'target.scope.mqttInstanceId': 'post-cn-harmless' }],
    ['target’s label', { 'target.label': 'a harmless certificate' }],
    ['operation', { operation: 'Harmless' }],
    ['snapshot', { 'snapshot.caName': 'harmless' }],
    ['justification', { justification: 'all have agreed' }],
    ['requester’s name', { 'requester.name': 'Bob' }],
    ['requester’s subject', { 'requester.subject': 'erin' }],
    ['ticket', { ticket: { system: 'jira', id: 'CHG-1', url: null } }],
    ['break-glass', { breakGlass: true }],
    ['policy’s stages', { 'policy.stages': [] }],
    ['policy’s digest', { 'policy.digest': 'f'.repeat(64) }],
    ['round', { round: 2 }],
    ['decide-by', { decideBy: inMs(3_600_000) }],
    ['execute-after', { executeAfter: inMs(3_600_000) }],
    ['execute-by, which was asked for', { executeBy: inMs(3_600_000) }],
    ['execute-by, and what was asked for', { 'asked.executeBy': inMs(3_600_000) }],
    ['time to execute', { 'asked.executeWithinMs': 1000 }],
    ['a member that there is not', { 'input.note': 'harmless' }],
  ])('its %s', async (_what, members) => {
    const { users } = api;
    const { id, digest } = await steps.asked(await testbed.certificate(), {
      ticket: { system: 'servicenow', id: 'CHG-2' },
      executeBy: inMs(86_400_000),
    });
    await edit(id, members);
    expect(await codeOf(users.olga.change(id))).toBe('stored_change_differs');
    const word = users.bob.post(`/v1/changes/${id}/decisions`, { decision: 'approve', digest, comment: '' });
    expect(await codeOf(word)).toBe('stored_change_differs');
    expect(await told(id)).toHaveLength(1);
  });

  test('with a digest that fits the edit: it is shown, and the word for it approves nothing', async () => {
    const { users } = api;
    const sn = await testbed.certificate();
    const { id, digest } = await steps.asked(sn);
    const harmless = await steps.asked(await testbed.certificate());
    const { rows } = await superuser.query<{ document: Record<string, unknown> }>(
      'select document from countersign.change where id = $1',
      [harmless.id],
    );
    const { input, target, snapshot, digest: fits, decideBy } = rows[0]?.document ?? {};
    await edit(id, { input, target, snapshot, digest: fits, decideBy });
    const shown = await users.bob.change(id);
    expect(shown.digest).not.toBe(digest);
    expect(await codeOf(decide(users.bob, shown))).toBe('digest_mismatch');
    expect(await testbed.calls(sn)).toEqual([]);
  });

  test('the others are shown and approved as before', async () => {
    const { users } = api;
    const sn = await testbed.certificate();
    const shown = await changeThat(users.bob, (await post(users.alice, sn)).id, (c) => c.digest !== null);
    await decide(users.bob, shown);
    const ended = await steps.ended(shown.id);
    expect(ended).toMatchObject({ executionStatus: 'succeeded', asked: { executeBy: null } });
    expect(await told(shown.id)).toEqual([]);
  });

  test('a list has the digest of each that is intact, and says of the others that they are not', async () => {
    const { olga } = api.users;
    const { items } = await olga.list(new URLSearchParams({ decisionStatus: 'pending' }));
    expect(new Set(items.map(({ intact }) => intact))).toEqual(new Set([true, false]));
    for (const { id, digest, intact } of items) {
      const shown = await olga.change(id).catch(() => null);
      expect([id, intact, digest]).toEqual([id, shown !== null, shown?.digest ?? null]);
    }
  });
});
