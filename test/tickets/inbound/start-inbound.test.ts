import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { insertInbound } from '../../../store/insert-inbound.ts';
import type { InboundHandlers } from '../../../tickets/inbound/handle-inbound.ts';
import { startInbound } from '../../../tickets/inbound/start-inbound.ts';
import { cloneDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';
import { eventually } from '../../support/service.ts';

let database: TestDatabase;
let api: pg.Pool;
let deliverer: pg.Pool;
const hour = 3_600_000;

beforeAll(async () => {
  database = await cloneDatabase();
  api = new pg.Pool({ connectionString: database.url('api'), max: 1 });
  deliverer = new pg.Pool({ connectionString: database.url('superuser'), max: 3 });
  for (const pool of [api, deliverer]) pool.on('error', () => undefined);
});
afterAll(async () => {
  await api.end();
  await deliverer.end();
  await database.drop();
});

const arrived = (ticket: string) =>
  insertInbound(api, {
    system: 'jira',
    deliveryId: randomUUID(),
    kind: 'hint',
    tickets: [ticket],
    click: null,
    bodyDigest: 'a'.repeat(64),
    receivedAt: new Date().toISOString(),
  });

/** Runs until the test ends; it wakes by itself only after an hour, unless told otherwise. */
function running(
  reread: InboundHandlers['reread'],
  more: { pollMs?: number; sweep?: () => Promise<void> } = {},
) {
  const nothing = () => Promise.resolve();
  const started = startInbound({
    pool: deliverer,
    log: { warn: () => undefined, info: () => undefined } as never,
    handlers: { reread, open: nothing, tellTooLate: nothing },
    sweep: nothing,
    pollMs: hour,
    ...more,
  });
  onTestFinished(() => started.stop());
}

test('what came while nobody listened is handled at the start, and the rest as soon as it comes', async () => {
  await arrived('OPS-1');
  const read: string[] = [];
  running((_system, tickets) => {
    read.push(...tickets);
    return Promise.resolve();
  });
  await eventually(() => Promise.resolve(read.includes('OPS-1') || null));
  await arrived('OPS-2');
  await eventually(() => Promise.resolve(read.includes('OPS-2') || null));
  expect(read).toEqual(['OPS-1', 'OPS-2']);
});

test('what failed is tried again without another notification', async () => {
  let fails = 2;
  const read: string[] = [];
  running(
    (_system, tickets) => {
      if (fails > 0) {
        fails -= 1;
        return Promise.reject(new Error('down'));
      }
      read.push(...tickets);
      return Promise.resolve();
    },
    { pollMs: 20 },
  );
  await arrived('OPS-3');
  await eventually(() => Promise.resolve(read.includes('OPS-3') || null));
  expect(fails).toBe(0);
});

test('it sweeps at the start, also when the sweep fails', async () => {
  let swept = 0;
  running(() => Promise.resolve(), {
    pollMs: 20,
    sweep: () => {
      swept += 1;
      return Promise.reject(new Error('down'));
    },
  });
  await eventually(() => Promise.resolve(swept > 0 || null));
  await arrived('OPS-4');
  await eventually(async () => {
    const { rows } = await api.query<{ n: number }>(
      'select count(*)::int as n from countersign.inbound where handled_at is null',
    );
    return rows[0]?.n === 0 || null;
  });
});
