import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { appendEntry } from '../audit/append.ts';
import { startSequencer } from '../audit/sequencer.ts';
import { requestedEvent } from '../domain/change-event.ts';
import { changeMembers, newEntryBody } from '../domain/entry.ts';
import type { EntryBody, EntryDraft } from '../domain/entry.ts';
import { newChange } from '../domain/evolve.ts';
import { fourEyes } from '../domain/four-eyes.ts';
import { policyPinned } from '../domain/policy-entry.ts';
import { randomUUID } from 'node:crypto';
import type { LogDatabase, LogTestbed } from './log-testbed.ts';
import { percentile, rounded } from './measure.ts';
import { residentMb } from './usage.ts';

const names = ['one', 'two', 'three', 'four', 'five'];
const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const main = join(import.meta.dirname, '..', 'cli', 'main.ts');

/**
 * From the answer of an append until five subscribers have the entry, by one deliverer: at so many entries a second; then for so
 * many changes alone and for as many beside a receiver that is dead and one that is slow; and its memory while so many changes
 * wait for one that is dead.
 */
export async function benchDeliveries(
  testbed: LogTestbed,
  {
    aSecond,
    seconds,
    changes,
    behind,
  }: { aSecond: number; seconds: number; changes: number; behind: number },
): Promise<object> {
  const database = await testbed.database('deliveries');
  const sequencer = startSequencer({ pool: database.signer });
  const came = new Map<string, number[]>();
  const receiver = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const id = String(req.headers['webhook-id']);
      came.set(id, [...(came.get(id) ?? []), performance.now()]);
      res.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const url = urlOf(receiver);
  const slow = createServer((_req, res) => void setTimeout(() => res.writeHead(204).end(), 2000));
  await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve));
  await appendEntry(database.worker, policyPinned(fourEyes, '2026-11-24T09:00:00.000Z'));
  const good = names.map((name) => ({ name, url }));
  const bad = [
    { name: 'dead', url: nobody },
    { name: 'slow', url: urlOf(slow) },
  ];
  const few = { aSecond: aSecond / 5, seconds: (changes / aSecond) * 5, each: 1 };
  let deliverer = await startDeliverer(testbed, database, good);
  try {
    const delivered = await atRate(database, came, { aSecond, seconds, each: 10 });
    const memory = residentMb(deliverer.pid);
    const alone = await atRate(database, came, few);
    await deliverer.stop();
    deliverer = await startDeliverer(testbed, database, [...good, ...bad]);
    const beside = await atRate(database, came, few);
    await deliverer.stop();
    deliverer = await startDeliverer(testbed, database, [
      ...good,
      { name: 'dead', url: nobody, types: ['none'] },
    ]);
    await pile(database, behind);
    const samples: number[] = [];
    for (let i = 0; i < 20; i += 1) {
      await delay(500);
      samples.push(residentMb(deliverer.pid));
    }
    return {
      subscriptions: names.length,
      ...delivered,
      changes,
      alone,
      besideADeadAndASlowOne: beside,
      p99BesideByAlone: rounded(beside.deliveredMs.p99 / alone.deliveredMs.p99),
      delivererMb: rounded(memory),
      [`delivererMbWith${behind}Behind`]: rounded(Math.max(...samples)),
    };
  } finally {
    await deliverer.stop();
    await sequencer.stop();
    for (const server of [receiver, slow]) {
      server.closeAllConnections();
      server.close();
    }
  }
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** Where nobody listens. */
const nobody = 'http://127.0.0.1:1/';

async function startDeliverer(
  { home }: LogTestbed,
  database: LogDatabase,
  receivers: readonly { readonly name: string; readonly url: string; readonly types?: readonly string[] }[],
) {
  await writeFile(join(home, 'secret'), secret);
  const lines = receivers.map(({ name, url, types }) => {
    const webhook = { url, secretFiles: [join(home, 'secret')], allowNetworks: ['127.0.0.0/8'] };
    return `  - ${JSON.stringify({ name, to: { webhook }, ...(types && { filter: { types } }) })}`;
  });
  const file = join(home, 'integrations.yaml');
  await writeFile(file, `subscriptions:\n${lines.join('\n')}\n`);
  const child = spawn(process.execPath, [main, 'deliverer'], {
    env: {
      PATH: process.env.PATH,
      COUNTERSIGN_HOME: home,
      COUNTERSIGN_INTEGRATIONS: file,
      DATABASE_URL: database.urls.deliverer,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('subscriptions read')) resolve();
    });
  });
  return {
    pid: child.pid ?? 0,
    async stop() {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

/** @param rate - entries a second, for so many seconds, of changes that have so many each */
async function atRate(
  database: LogDatabase,
  came: Map<string, number[]>,
  { aSecond, seconds, each }: { readonly aSecond: number; readonly seconds: number; readonly each: number },
) {
  came.clear();
  const appended: number[] = [];
  const running: Promise<void>[] = [];
  const began = performance.now();
  const draftOf = entriesOfChanges(aSecond, each);
  let begun = 0;
  while (performance.now() - began < seconds * 1000) {
    // At the times of a clock, however long the last ones take.
    for (const due = ((performance.now() - began) / 1000) * aSecond; begun < due; begun += 1) {
      const draft = draftOf(begun);
      running.push(appendEntry(database.worker, draft).then(() => void appended.push(performance.now())));
    }
    await delay(5);
  }
  await Promise.all(running);
  const took = (performance.now() - began) / 1000;
  const all = () => [...came.values()].flat();
  while (all().length < begun * names.length) {
    if (performance.now() - began > (seconds + 300) * 1000) throw new Error('not everything was delivered');
    await delay(100);
  }
  // Appends answer in about the order of their ids, and so of their indexes: the nth delivery of each is for the nth append.
  const sorted = appended.toSorted((a, b) => a - b);
  const last = all().toSorted((a, b) => a - b);
  const waits = last.map((at, n) => at - (sorted[Math.floor(n / names.length)] ?? NaN));
  return {
    entriesPerSecond: rounded(begun / took),
    wanted: aSecond,
    deliveredMs: {
      count: waits.length,
      p50: rounded(percentile(waits, 50)),
      p99: rounded(percentile(waits, 99)),
      max: rounded(Math.max(...waits)),
    },
  };
}

/** Entries of changes with so many each: the nth in turn over so many changes. */
function entriesOfChanges(atOnce: number, each: number): (n: number) => EntryDraft {
  const changes: ReturnType<typeof newBenchChange>[] = [];
  return (n) => {
    const slot = n % atOnce;
    const turn = Math.floor(n / atOnce) % each;
    const fresh = changes[slot];
    const change = turn === 0 || fresh === undefined ? newBenchChange() : fresh;
    changes[slot] = change;
    const members = changeMembers(change);
    const body =
      turn === 0
        ? newEntryBody({ ...members, ...(requestOf(change) as unknown as EntryBody) })
        : newEntryBody({
            ...members,
            type: 'attempt.started',
            time: '2026-11-24T09:00:00.000Z',
            actor: { process: 'worker' },
            attempt: { ordinal: turn },
          });
    return { key: `default/change-${change.id}/${body.type}/${turn}`, body };
  };
}

function newBenchChange() {
  const id = randomUUID();
  const requester = {
    ...{ issuer: 'https://id.example', subject: 'alice', name: 'Alice', roles: ['requester' as const] },
    ...{ groups: [], authentication: { methods: [], at: null } },
  };
  return newChange({
    id,
    ...{ operation: 'ActiveCaCertificate', operationVersion: '1', inputSchemaDigest: '5'.repeat(64) },
    input: { regionId: 'cn-hangzhou', mqttInstanceId: 'post-cn-bench0001', sn: id },
    target: { id: `cn-hangzhou/post-cn-bench0001/${id}`, scope: { sn: id }, label: id },
    requester,
    ...{ justification: 'devices must connect again', ticket: null, breakGlass: false, policy: fourEyes },
    ...{ submittedAt: '2026-11-24T09:00:00.000Z', decideBy: '2026-12-01T09:00:00.000Z' },
    ...{ executeAfter: null, executeBy: null, executeWithinMs: 86_400_000 },
  });
}

function requestOf(change: ReturnType<typeof newBenchChange>) {
  const { executeWithinMs } = change.policy;
  return requestedEvent(
    { ...change, executeWithinMs, submission: null, idempotency: null, source: null },
    null,
  );
}

/** Has so many changes wait for the receiver that is dead, whose lane then tries one after the other. */
async function pile(database: LogDatabase, count: number): Promise<void> {
  await database.migrator.query(
    `insert into countersign.outbox (subscription, change_id, last_index, wanted_index, first_index, due_since, next_at)
     select 'dead', e.change_id, -1, 0, 0, now(), now()
       from (select change_id from audit.entry where change_id is not null limit 1) e
     on conflict do nothing`,
  );
  await database.migrator.query(
    `insert into countersign.outbox (subscription, change_id, last_index, wanted_index, first_index, due_since, next_at)
     select 'dead', gen_random_uuid(), -1, 0, 0, now(), now() from generate_series(1, $1::int)`,
    [count],
  );
}
