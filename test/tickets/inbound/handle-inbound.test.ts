import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { JsonObject } from '../../../domain/json.ts';
import { insertInbound } from '../../../store/insert-inbound.ts';
import type { InboundDelivery } from '../../../store/insert-inbound.ts';
import { handleInbound } from '../../../tickets/inbound/handle-inbound.ts';
import type { InboundHandlers } from '../../../tickets/inbound/handle-inbound.ts';
import { listWaiting } from '../../../tickets/inbound/list-waiting.ts';
import { cloneDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';

let database: TestDatabase;
let api: pg.Pool;
/** With the deliverer's rights alone. */
let deliverer: pg.Pool;
const now = Date.parse('2026-11-29T12:00:00.000Z');

beforeAll(async () => {
  database = await cloneDatabase();
  api = new pg.Pool({ connectionString: database.url('api'), max: 2 });
  deliverer = new pg.Pool({ connectionString: database.url('superuser'), max: 1 });
  deliverer.on('connect', (client) => void client.query('set role countersign_deliverer'));
  for (const pool of [api, deliverer]) pool.on('error', () => undefined);
});
afterAll(async () => {
  await api.end();
  await deliverer.end();
  await database.drop();
});
beforeEach(async () => {
  await api.query('delete from countersign.inbound');
});

function arrived(more: Partial<InboundDelivery>): Promise<boolean> {
  return insertInbound(api, {
    system: 'jira',
    deliveryId: randomUUID(),
    kind: 'hint',
    tickets: null,
    click: null,
    bodyDigest: 'a'.repeat(64),
    receivedAt: new Date(now).toISOString(),
    ...more,
  });
}

/** Handlers that note what they are asked for. */
function noting(more: Partial<InboundHandlers> = {}) {
  const seen: unknown[] = [];
  const note =
    (what: string) =>
    (...given: readonly unknown[]): Promise<void> => {
      seen.push([what, ...given]);
      return Promise.resolve();
    };
  const handlers: InboundHandlers = {
    reread: note('reread'),
    open: note('open'),
    tellTooLate: note('too late'),
    onError: (error) => void seen.push(['error', (error as Error).message]),
    ...more,
  };
  return { seen, handlers };
}

test('hints of one ticket are one read, whatever their order and number', async () => {
  for (const names of [['10001', 'OPS-1'], ['OPS-2'], ['OPS-1']]) await arrived({ tickets: names });
  await arrived({ system: 'servicenow', tickets: ['OPS-1'] });
  const { seen, handlers } = noting();
  expect(await handleInbound(deliverer, handlers, () => now)).toBe(4);
  expect(seen).toEqual([
    ['reread', 'jira', ['10001', 'OPS-1', 'OPS-2']],
    ['reread', 'servicenow', ['OPS-1']],
  ]);
  expect(await handleInbound(deliverer, handlers, () => now)).toBe(0);
});

test('a hint whose read fails stays, and the others do not wait for it', async () => {
  await arrived({ tickets: ['OPS-1'] });
  await arrived({ system: 'servicenow', tickets: ['CHG1'] });
  const { seen, handlers } = noting({
    reread: (system) => (system === 'jira' ? Promise.reject(new Error('down')) : Promise.resolve()),
  });
  expect(await handleInbound(deliverer, handlers, () => now)).toBe(1);
  expect(seen).toEqual([['error', 'down']]);
  expect(await listWaiting(deliverer, 10)).toMatchObject([{ system: 'jira', tickets: ['OPS-1'] }]);
  const again = noting();
  expect(await handleInbound(deliverer, again.handlers, () => now + 60_000)).toBe(1);
  expect(again.seen).toEqual([['reread', 'jira', ['OPS-1']]]);
});

test('a click opens its form within 3 s, and is told to press again after that', async () => {
  const click: JsonObject = { triggerId: 't', replyTo: 'https://chat/reply' };
  const at = (ms: number) => new Date(now - ms).toISOString();
  await arrived({ system: 'slack', kind: 'click', click, receivedAt: at(2999) });
  await arrived({ system: 'slack', kind: 'click', click: { triggerId: 'u' }, receivedAt: at(3000) });
  const { seen, handlers } = noting();
  expect(await handleInbound(deliverer, handlers, () => now)).toBe(2);
  expect(seen).toEqual([
    ['open', 'slack', click],
    ['too late', 'slack', { triggerId: 'u' }],
  ]);
  const { rows } = await api.query(
    'select click, handled_at is not null as handled from countersign.inbound',
  );
  // Whoever has what opened a form can write to the person.
  expect(rows).toEqual([
    { click: null, handled: true },
    { click: null, handled: true },
  ]);
});

test('a click whose form does not open is over', async () => {
  await arrived({ system: 'slack', kind: 'click', click: { triggerId: 't' } });
  const { seen, handlers } = noting({ open: () => Promise.reject(new Error('expired_trigger_id')) });
  expect(await handleInbound(deliverer, handlers, () => now)).toBe(1);
  expect(seen).toEqual([['error', 'expired_trigger_id']]);
  expect(await listWaiting(deliverer, 10)).toEqual([]);
});

test('a decision is no work for the deliverer', async () => {
  await arrived({ kind: 'decision' });
  const { handlers } = noting();
  expect(await handleInbound(deliverer, handlers, () => now)).toBe(0);
});
