import type { ApiDependencies } from '../../api/dependencies.ts';
import { createEngine } from '../../api/engine.ts';
import type { Change } from '../../domain/change.ts';
import type { EntryBody } from '../../domain/entry.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import type { Person, Role } from '../../domain/person.ts';
import { inTransaction } from '../../store/in-transaction.ts';
import { openChange } from '../../store/open-change.ts';
import { makePool } from '../../store/pool.ts';
import { onTestFinished } from 'vitest';
import { change as changeFixture } from '../store/change-fixture.ts';
import { serveApi, startTestbed } from '../support/service.ts';
import type { Servers, Testbed } from '../support/service.ts';

/** What a call sends beside its address. */
export interface Sent {
  /** A demo user, or null for no token. */
  readonly as?: string | null;
  readonly token?: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is. */
  readonly raw?: string | Uint8Array;
  readonly headers?: Record<string, string>;
  readonly method?: string;
}

/** An answer: its body parsed where it is JSON. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown> & {
    readonly code?: string;
    readonly errors?: { field: string; rule: string; message: string }[];
  };
  readonly text: string;
}

/** A replica of the API over HTTP, without any worker behind it. */
export async function startReplica(testbed: Testbed, overrides: Partial<ApiDependencies> = {}) {
  const { url, pool, stop } = await serveApi(testbed, {
    engine: createEngine(testbed.client, 1500),
    ...overrides,
  });
  const tokens = new Map<string, Promise<string>>();
  const tokenOf = (user: string): Promise<string> => {
    const token = tokens.get(user) ?? testbed.identity.tokenFor(user);
    tokens.set(user, token);
    return token;
  };

  async function open(path: string, sent: Sent = {}): Promise<Response> {
    const { as = 'alice', token, body, raw, headers = {}, method } = sent;
    const bearer = token ?? (as === null ? null : await tokenOf(as));
    const content = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    return fetch(`${url}${path}`, {
      method: method ?? (content === undefined ? 'GET' : 'POST'),
      headers: {
        ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
        ...(content === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(content === undefined ? {} : { body: content as string }),
    });
  }

  return {
    url,
    pool,
    open,
    tokenOf,
    async call(path: string, sent: Sent = {}): Promise<Answer> {
      const response = await open(path, sent);
      const text = await response.text();
      const isJson = /json/.test(response.headers.get('content-type') ?? '') && text !== '';
      return {
        status: response.status,
        headers: response.headers,
        body: (isJson ? JSON.parse(text) : {}) as Answer['body'],
        text,
      };
    },
    stop,
  };
}
export type Replica = Awaited<ReturnType<typeof startReplica>>;

/** Postgres, Temporal, identity and one replica: what a test file shares. */
export async function startApiStack(overrides: Partial<ApiDependencies> = {}, servers: Servers = {}) {
  const testbed = await startTestbed(servers);
  const worker = makePool({
    connectionString: testbed.database.url('worker'),
    applicationName: 'test worker',
  });
  const api = await startReplica(testbed, overrides);

  function person(subject: string, ...roles: Role[]): Person {
    return {
      issuer: testbed.identity.issuer,
      subject,
      name: subject,
      roles,
      groups: [],
      authentication: { methods: [], at: null },
    };
  }

  return {
    testbed,
    worker,
    api,
    person,
    /** A change of alice's as a worker would have stored it: pending, round 1, with a digest. */
    async stored(
      more: Partial<Change> = {},
      idempotency: { key: string; bodyDigest: string } | null = null,
    ): Promise<Change> {
      const change = changeFixture({
        requester: person('alice', 'requester'),
        policy: fourEyes,
        decideBy: new Date(Date.now() + 86_400_000).toISOString(),
        ...more,
      });
      await inTransaction(worker, (client) => openChange(client, { change, idempotency }));
      return change;
    },
    /** Every entry of the log but the signer's own, oldest first. */
    async entries(): Promise<EntryBody[]> {
      const { rows } = await worker.query<{ bytes: Buffer }>(
        `select bytes from audit.entry where type <> 'log.started' order by id`,
      );
      return rows.map(({ bytes }) => JSON.parse(bytes.toString()) as EntryBody);
    },
    async stop(): Promise<void> {
      await api.stop();
      await worker.end();
      await testbed.stop();
    },
  };
}
export type ApiStack = Awaited<ReturnType<typeof startApiStack>>;

/** A replica with overrides of its own that ends with the test that asks for it. */
export async function replicaOfTest(stack: ApiStack, overrides: Partial<ApiDependencies>): Promise<Replica> {
  const started = await startReplica(stack.testbed, overrides);
  onTestFinished(() => started.stop());
  return started;
}
