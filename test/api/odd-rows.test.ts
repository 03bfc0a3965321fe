import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Pool } from 'pg';
import { closeOrphans } from '../../activities/close-orphans.ts';
import { appendEntry } from '../../audit/append.ts';
import { endRevoked } from '../../api/end-revoked.ts';
import type { ChangeView, ListedChange } from '../../api/change-view.ts';
import { renderChange, renderEntry, renderListedChange } from '../../cli/render.ts';
import type { ShownEntry } from '../../client/api-client.ts';
import type { Change } from '../../domain/change.ts';
import { newEntry, personActor } from '../../domain/entry.ts';
import { getChange } from '../../store/get-change.ts';
import { makePool } from '../../store/pool.ts';
import { makeApiKey } from '../support/api-key.ts';
import { startApiStack } from './api-stack.ts';
import type { Answer, ApiStack } from './api-stack.ts';

/* What is stored may hold anything once somebody has edited it: each row is shown as far as it goes, and stops no other. */

let stack: ApiStack;
let superuser: Pool;
const rows: { id: string; what: string; member: string }[] = [];
let good: Change;
const whole: string[] = [];

const odd: [string, string | null][] = [
  ['missing', null],
  ['null', 'null'],
  ['a number', '7.5'],
  ['a text', '"%"'],
  ['a list', '[null, 7, "x", {}]'],
  ['an object', '{"kind": 7}'],
];

beforeAll(async () => {
  stack = await startApiStack();
  superuser = makePool({
    connectionString: stack.testbed.database.url('superuser'),
    applicationName: 'test',
  });
  good = await stack.stored();
  whole.push(good.id);
  const members = [
    ...Object.keys(good).filter((name) => name !== 'id'),
    ...Object.keys(good.policy).map((name) => `policy.${name}`),
    ...Object.keys(good.requester).map((name) => `requester.${name}`),
    ...Object.keys(good.target).map((name) => `target.${name}`),
    ...[
      'input.sn',
      'target.scope.sn',
      'decisions.0',
      'decisions.0.person',
      'decisions.0.at',
      'missing.0',
      'missing.0.group',
    ],
  ];
  const decision = {
    decision: 'reject',
    comment: 'no',
    person: stack.person('carol', 'approver'),
    digest: good.digest ?? '',
    round: 1,
    stage: 'approval',
    at: new Date().toISOString(),
    counts: true,
  } as const;
  for (const member of members) {
    for (const [what, json] of odd) {
      const { id } = await stack.stored({ decisions: [decision] });
      const path = member.split('.');
      const edit = json === null ? 'document #- $2::text[]' : 'jsonb_set(document, $2::text[], $3::jsonb)';
      const edited = await superuser
        .query(
          `update countersign.change set document = ${edit}, saved_at = '2020-01-01' where id = $1`,
          json === null ? [id, path] : [id, path, json],
        )
        .catch(() => null);
      if (edited) rows.push({ id, what, member });
      // Postgres itself refuses some of them: then nothing is wrong with the row.
      else whole.push(id);
    }
  }
});
afterAll(async () => {
  await superuser.end();
  await stack.stop();
});

async function listed(as: string, query = ''): Promise<ListedChange[]> {
  const items: ListedChange[] = [];
  let cursor: string | null = null;
  do {
    const more: string = cursor === null ? '' : `&cursor=${cursor}`;
    const answer: Answer = await stack.api.call(`/v1/changes?limit=7${query}${more}`, { as });
    expect(answer).toMatchObject({ status: 200 });
    items.push(...(answer.body['items'] as ListedChange[]));
    cursor = answer.body['nextCursor'] as string | null;
  } while (cursor !== null);
  return items;
}

test('every one is in the list, once, and can be printed', async () => {
  expect(rows.length).toBeGreaterThan(250);
  const items = await listed('olga');
  expect(items.map(({ id }) => id).sort()).toEqual([...whole, ...rows.map(({ id }) => id)].sort());
  for (const item of items) expect(renderListedChange(item)).toContain(item.id);
});

test('the lists of approvers, requesters and of what awaits somebody go on', async () => {
  expect((await listed('bob', '&awaiting=me')).map(({ id }) => id)).toContain(good.id);
  expect((await listed('bob')).map(({ id }) => id)).toContain(good.id);
  expect((await listed('alice')).map(({ id }) => id)).toContain(good.id);
});

test('each is shown as far as it goes, or refused as edited; never a fault of ours', async () => {
  for (const { id, what, member } of rows) {
    const answer = await stack.api.call(`/v1/changes/${id}`, { as: 'olga' });
    expect([200, 409], `${member} is ${what}: ${answer.text}`).toContain(answer.status);
    if (answer.status === 200)
      expect(renderChange(answer.body as unknown as ChangeView)).toContain(`change      ${id}`);
    else expect(answer.body.code).toBe('stored_change_differs');
    const events = await stack.api.call(`/v1/changes/${id}/events`, { as: 'olga' });
    expect(events.status).toBe(200);
    const word = await stack.api.call(`/v1/changes/${id}/decisions`, {
      as: 'bob',
      body: { decision: 'approve', digest: good.digest, comment: '' },
    });
    expect([403, 409, 412], `${member} is ${what}: ${word.text}`).toContain(word.status);
  }
});

test.each<[string, Buffer]>([
  ['no JSON', Buffer.from('\u0000{')],
  ['no object', Buffer.from('7')],
  ['an entry without an actor', Buffer.from('{"type":"change.closed","time":"2026-11-24T09:00:00.000Z"}')],
])('an entry whose bytes are %s hides no other', async (_what, bytes) => {
  const { id, digest } = await stack.stored();
  whole.push(id);
  const path = `/v1/changes/${id}`;
  const body = { decision: 'approve', digest: 'e'.repeat(64) };
  for (let n = 0; n < 2; n += 1) await stack.api.call(`${path}/decisions`, { as: 'bob', body });
  expect(digest).not.toBe(body.digest);
  await superuser.query('alter table audit.entry disable trigger all');
  await superuser.query(
    `update audit.entry set bytes = $2, leaf_hash = sha256('\\x00'::bytea || $2::bytea)
      where id = (select min(id) from audit.entry where change_id = $1)`,
    [id, bytes],
  );
  await superuser.query('alter table audit.entry enable trigger all');
  const answer = await stack.api.call(`${path}/events`, { as: 'olga' });
  const items = answer.body['items'] as ShownEntry[];
  expect(items.map(({ type }) => type).sort()).toEqual(['decision.refused', 'unreadable']);
  for (const entry of items) expect(renderEntry(entry)).toContain(entry.type);
  const all = await stack.api.call(`/v1/audit/entries?changeId=${id}`, { as: 'dave' });
  expect(all.status).toBe(200);
});

test('one under a revoked policy keeps no other from being ended', async () => {
  const sent: string[] = [];
  const { name, version, digest } = good.policy;
  await appendEntry(
    stack.api.pool,
    newEntry(
      { namespace: 'test', of: `policy-${digest}`, ordinal: 1 },
      {
        type: 'policy.revoked',
        time: new Date().toISOString(),
        actor: personActor(stack.person('adam', 'admin')),
        policy: { name, version, digest },
        comment: 'x',
      },
    ),
  );
  await superuser.query(
    `insert into countersign.policy_revocation (digest, name, version, comment, revoked_by, revoked_at)
     values ($1, 'x', '1', 'x', $2, now())`,
    [good.policy.digest, JSON.stringify(stack.person('adam', 'admin'))],
  );
  const log = { warn: () => undefined } as never;
  const db = stack.api.pool;
  const told = await endRevoked({
    db,
    log,
    signer: makeApiKey().signer,
    engine: {
      send: ({ signed }) => Promise.resolve(void sent.push(signed.statement.changeId)),
      submit: () => Promise.resolve(),
      reachable: () => Promise.resolve(true),
    },
  });
  expect(told).toBe(sent.length);
  expect(sent.length).toBeGreaterThan(190);
});

test('the reconciler closes each whose workflow is gone, and gives its target back', async () => {
  const { testbed, worker } = stack;
  const warnings: object[] = [];
  for (let n = 0; n < 10; n += 1) {
    await closeOrphans({
      pool: worker,
      client: testbed.client,
      namespace: testbed.namespace,
      log: { warn: (what) => void warnings.push(what) },
      restMs: 3_600_000,
    });
  }
  for (const { id, what, member } of rows) {
    const change = await getChange(worker, id);
    expect(change?.closedAt, `${member} is ${what}`).not.toBeNull();
  }
  const { rowCount } = await worker.query('select from countersign.open_target');
  expect(rowCount).toBe(whole.length);
  expect(warnings.filter((what) => 'err' in what)).toEqual([]);
}, 120_000);

test.each<[string, object]>([
  ['an actor of null', { actor: null }],
  ['an actor whose name is a number', { actor: { name: 7 } }],
  ['an outcome of null', { outcome: null }],
  ['an attempt of null', { attempt: null }],
  ['a type that is none', { type: 7 }],
])('an entry with %s can be printed', (_what, more) => {
  const entry = { index: 1, key: 'k', type: 'change.closed', time: '2026-11-24T09:00:00.000Z', ...more };
  expect(renderEntry(entry as unknown as ShownEntry)).toContain('2026-11-24T09:00:00.000Z');
});
