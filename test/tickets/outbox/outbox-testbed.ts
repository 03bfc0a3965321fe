import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import { appendEntry } from '../../../audit/append.ts';
import { sequencePending } from '../../../audit/sequence-pending.ts';
import { changeMembers, newEntry, newEntryBody } from '../../../domain/entry.ts';
import type { EntryBody } from '../../../domain/entry.ts';
import { policyPinned } from '../../../domain/policy-entry.ts';
import type { JsonObject } from '../../../domain/json.ts';
import type { SubscriptionFilter } from '../../../domain/subscription.ts';
import { inTransaction } from '../../../store/in-transaction.ts';
import { makePool } from '../../../store/pool.ts';
import { startDeliverer } from '../../../tickets/outbox/deliverer.ts';
import type { DelivererOptions } from '../../../tickets/outbox/deliverer.ts';
import { keepFileSubscriptions } from '../../../tickets/outbox/keep-file-subscriptions.ts';
import type { Sink } from '../../../tickets/sink.ts';
import { makeGuardedFetch } from '../../../tickets/webhook/guarded-fetch.ts';
import { makeWebhookSink } from '../../../tickets/webhook/sink.ts';
import { cloneDatabase } from '../../support/database.ts';
import type { DatabaseRole, TestDatabase } from '../../support/database.ts';
import { webhookSecret } from '../../support/receiver.ts';
import { history } from '../webhook/webhook-fixture.ts';

/** A change of the tests, in the log. */
export interface Told {
  readonly id: string;
  /** How many entries it has. */
  count: number;
  readonly change: ReturnType<typeof history>['change'];
}

/** What the outbox has of a change. */
export interface OutboxRow {
  readonly lastIndex: number;
  readonly wantedIndex: number;
  readonly attempts: number;
  readonly dead: boolean;
  readonly lastError: string | null;
  readonly nextAt: Date;
}

/** A log with an outbox in a database of its own. */
export interface OutboxTestbed {
  readonly database: TestDatabase;
  readonly pool: (role: DatabaseRole) => Pool;
  /** Asks for so many changes, in one transaction, and gives their entries indexes; index 0 has their policy. */
  ask(count: number, more?: Parameters<typeof history>[0]): Promise<Told[]>;
  /** Appends an entry of each change, and gives it an index. */
  add(changes: readonly Told[], type?: EntryBody['type'], members?: JsonObject): Promise<void>;
  /** Appends entries that belong to no change, in this order, and gives them indexes. */
  addBeyondChanges(...types: ('freeze.declared' | 'token.issued' | 'audit.read')[]): Promise<void>;
  /** Makes these the file's subscriptions. */
  subscribe(...subscriptions: { name: string; filter?: SubscriptionFilter }[]): Promise<void>;
  row(subscription: string, changeId: string): Promise<OutboxRow | null>;
  /** A deliverer that stops with the testbed. */
  deliver(
    sinks: Readonly<Record<string, Sink>>,
    options?: Partial<DelivererOptions>,
  ): { stop(): Promise<void> };
  stop(): Promise<void>;
}

export async function startOutboxTestbed(): Promise<OutboxTestbed> {
  const database = await cloneDatabase();
  const pools = new Map<DatabaseRole, Pool>();
  const running: { stop(): Promise<void> }[] = [];
  const pool = (role: DatabaseRole): Pool => {
    const known =
      pools.get(role) ?? makePool({ connectionString: database.url(role), applicationName: 'test', max: 15 });
    pools.set(role, known);
    return known;
  };
  let beyond = 0;
  const sequence = async () => {
    while ((await sequencePending(pool('signer'), 500)) > 0);
  };
  return {
    database,
    pool,
    async ask(count, more = {}) {
      const told = Array.from({ length: count }, () => history(more));
      await inTransaction(pool('worker'), async (client) => {
        for (const { change, entries } of told) {
          await appendEntry(client, policyPinned(change.policy, '2026-11-24T09:00:00.000Z'));
          for (const { key, body } of entries) await appendEntry(client, { key, body });
        }
      });
      await sequence();
      return told.map(({ change }) => ({ id: change.id, count: 1, change }));
    },
    async add(changes, type = 'attempt.started', members = {}) {
      await inTransaction(pool('worker'), async (client) => {
        for (const told of changes) {
          told.count += 1;
          const body = newEntryBody({
            ...changeMembers(told.change),
            ...(type === 'attempt.started' ? { attempt: { ordinal: told.count } } : {}),
            ...members,
            type,
            time: '2026-11-24T09:00:02.000Z',
            actor: { process: 'worker' },
          });
          await appendEntry(client, { key: `default/change-${told.id}/${type}/${told.count}`, body });
        }
      });
      await sequence();
    },
    async addBeyondChanges(...types) {
      for (const type of types) {
        beyond += 1;
        const place = { namespace: 'default', of: `test-${beyond}`, ordinal: 1 };
        const actor = { issuer: 'https://id.example', subject: 'adam', name: 'Adam', roles: ['admin'] };
        const members = {
          time: '2026-11-24T09:00:03.000Z',
          actor,
          freeze: { id: String(beyond), reason: 'sale' },
        };
        await appendEntry(pool('api'), newEntry(place, { type, ...members }));
      }
      await sequence();
    },
    async subscribe(...subscriptions) {
      const rows = subscriptions.map(({ name, filter = {} }) => ({
        name,
        filter,
        target: { kind: 'webhook', host: 'test', form: 'countersign' } as const,
      }));
      await keepFileSubscriptions(pool('deliverer'), rows, new Date().toISOString());
    },
    async row(subscription, changeId) {
      const { rows } = await pool('reader').query<OutboxRow>(
        `select last_index::int as "lastIndex", wanted_index::int as "wantedIndex", attempts, last_error as "lastError",
                dead_since is not null as dead, next_at as "nextAt"
           from countersign.outbox where subscription = $1 and change_id = $2`,
        [subscription, changeId],
      );
      return rows[0] ?? null;
    },
    deliver(sinks, options = {}) {
      const deliverer = startDeliverer({
        pool: pool('deliverer'),
        log: { warn: () => undefined },
        sinkOf: ({ name }) => sinks[name] ?? null,
        sweepMs: 100,
        ...options,
      });
      running.push(deliverer);
      return deliverer;
    },
    async stop() {
      await Promise.all(running.map((one) => one.stop()));
      await Promise.all([...pools.values()].map((one) => one.end()));
      await database.drop();
    },
  };
}

/** A sink of webhooks to a receiver on loopback. */
export function hookSink(url: string, answerWithinMs = 10_000): Sink {
  const fetch = makeGuardedFetch({ allowNetworks: ['127.0.0.0/8'] });
  return makeWebhookSink({ url, secrets: [webhookSecret], form: 'countersign' }, { fetch, answerWithinMs });
}

/** Waits until something holds, by looking. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await delay(20);
}
