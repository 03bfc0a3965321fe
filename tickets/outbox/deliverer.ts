import type { Pool } from 'pg';
import { gather } from '../../audit/gather.ts';
import { rememberPolicies } from '../../audit/read-policies.ts';
import { keepSession } from '../../audit/session.ts';
import type { SessionLog } from '../../audit/session.ts';
import { makeWakeup } from '../../audit/wakeup.ts';
import { isoTime } from '../../domain/time.ts';
import type { Sink } from '../sink.ts';
import { subscriptionsChannel } from '../../store/wake-deliverers.ts';
import { deleteDelivered } from './delete-delivered.ts';
import { deliverRow, mostEntries } from './deliver-row.ts';
import type { Outcome } from './deliver-row.ts';
import { makeLane } from './lane.ts';
import type { Lane } from './lane.ts';
import { leaseRows } from './lease-rows.ts';
import type { LeasedRow } from './lease-rows.ts';
import { listReceivers } from './list-receivers.ts';
import { nextDue } from './next-due.ts';
import { readHistory } from './read-history.ts';
import { byRow, recordDelivered } from './record-outcome.ts';
import type { Delivered } from './record-outcome.ts';
import type { HistoryPlace } from './read-history.ts';
import type { Receiver, SinkOf } from './receiver.ts';
import { spreadEntries } from './spread-entries.ts';

/** How long it rests after it has begun deliveries, ms: each look for more costs much the same for one as for many. */
const restMs = 10;
/** How often it looks for what was delivered long ago, ms. */
const clearMs = 3_600_000;

/** Options of {@link startDeliverer}. */
export interface DelivererOptions {
  /** Logs in as the deliverer; one of its connections is kept. */
  readonly pool: Pool;
  readonly log: SessionLog;
  readonly sinkOf: SinkOf;
  /** Told what came of each delivery, by its subscription. */
  readonly onOutcome?: (subscription: string, outcome: Outcome) => void;
  /** Changes under way to one receiver at once; default 8. */
  readonly laneLimit?: number;
  /** How long one delivery may take, ms; default 60,000. After one and a half times as long another process may take it over. */
  readonly deadlineMs?: number;
  /** How long it sleeps at most when nobody wakes it, ms; default 1000. */
  readonly sweepMs?: number;
  /** Most entries that are spread at once; default 500. */
  readonly batch?: number;
  /** How long what was delivered is kept of a change that has ended, ms; default 30 days. */
  readonly keptMs?: number;
  readonly now?: () => number;
}

/**
 * Brings the log's entries to the subscriptions' receivers: spreads new ones over the outbox, and delivers what is due. Any
 * number may run. A receiver that is slow or dead has a lane of its own, and nobody else waits for it.
 */
export function startDeliverer(options: DelivererOptions): { stop(): Promise<void> } {
  const { pool, log, sinkOf, onOutcome, batch = 500, sweepMs = 1_000, now = Date.now } = options;
  const { laneLimit = 8, deadlineMs = 60_000, keptMs = 30 * 86_400_000 } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const [entries, due] = [makeWakeup(), makeWakeup()];
  let receivers = new Map<string, Receiver>();
  let readAt = -Infinity;
  const wake = (channel?: string) => {
    // Another subscription, or another secret.
    if (channel !== 'countersign_entries') readAt = -Infinity;
    entries.set();
    due.set();
  };
  const lanes = new Map<string, Lane>();
  const broken = new Set<string>();
  const underWay = new Set<Promise<void>>();
  const shared = {
    db: pool,
    readHistory: (place: HistoryPlace) => readHistory(pool, place, mostEntries + 1),
    readPolicies: rememberPolicies(pool),
    recordDelivered: gather((all: readonly Delivered[]) => recordDelivered(pool, all), { order: byRow }),
    stopping: signal,
    now,
  };

  const session = keepSession({
    pool,
    log,
    name: 'deliverer',
    async work(client, ended) {
      client.on('notification', ({ channel }) => wake(channel));
      await client.query(`listen countersign_entries; listen ${subscriptionsChannel}`);
      // Notifications may have come while nobody listened.
      wake();
      while (!ended.aborted) {
        await pause(sweepMs * 10, ended);
        await client.query('select 1');
      }
    },
  });

  async function spread(): Promise<void> {
    const passed = await spreadEntries(pool, batch, isoTime(now()));
    if (passed > 0) due.set();
    else await entries.wait(sweepMs, signal);
  }

  async function lease(): Promise<void> {
    const at = now();
    if (performance.now() - readAt > sweepMs) await readReceivers(at);
    const awake = [...receivers.values()].filter(({ pausedUntil }) => !isAhead(pausedUntil, at));
    const room = awake.map(({ name }) => [name, laneOf(name).room()] as const);
    const free = new Map(room.filter(([, places]) => places > 0));
    const until = isoTime(at + Math.ceil(deadlineMs * 1.5));
    const rows = free.size === 0 ? [] : await leaseRows(pool, free, { at: isoTime(at), until });
    for (const row of rows) begin(row);
    // What ends meanwhile makes room for several at once.
    if (rows.length > 0) await pause(restMs, signal);
    else await due.wait(await sleepMs([...free.keys()], at), signal);
  }

  async function readReceivers(at: number): Promise<void> {
    readAt = performance.now();
    const found = await listReceivers(pool, isoTime(at));
    receivers = new Map(found.filter((one) => safeSinkOf(one) !== null).map((one) => [one.name, one]));
  }

  /** A receiver that no sink can be made of, such as with a secret that is none, holds up nobody else. */
  function safeSinkOf(receiver: Receiver): Sink | null {
    const { name } = receiver;
    try {
      const sink = sinkOf(receiver);
      broken.delete(name);
      return sink;
    } catch (err) {
      // Once, and not with each look.
      if (!broken.has(name))
        log.warn({ err, subscription: name }, 'a subscription has no sink as it is kept');
      broken.add(name);
      return null;
    }
  }

  function begin(row: LeasedRow): void {
    const receiver = receivers.get(row.subscription);
    const sink = receiver && safeSinkOf(receiver);
    if (!receiver || !sink) return;
    const lane = laneOf(row.subscription);
    lane.begin();
    const deadline = AbortSignal.timeout(deadlineMs);
    const work = deliverRow(row, { ...shared, subscription: receiver, sink, deadline })
      .then(
        (outcome) => {
          lane.end(outcome.kind === 'failed' ? 'badly' : 'well');
          const isAtRest = outcome.kind === 'failed' && outcome.pausesAll;
          if (outcome.kind === 'disabled' || isAtRest) readAt = -Infinity;
          onOutcome?.(row.subscription, outcome);
        },
        (err: unknown) => {
          lane.end('badly');
          log.warn({ err, subscription: row.subscription }, 'what came of a delivery could not be recorded');
        },
      )
      .finally(() => {
        underWay.delete(work);
        due.set();
      });
    underWay.add(work);
  }

  function laneOf(name: string): Lane {
    const lane = lanes.get(name) ?? makeLane(laneLimit);
    lanes.set(name, lane);
    return lane;
  }

  /** Until something is due, a pause ends, or the next sweep. */
  async function sleepMs(names: readonly string[], at: number): Promise<number> {
    const next = (await nextDue(pool, names)) ?? Infinity;
    const pauses = [...receivers.values()].map(({ pausedUntil }) => Date.parse(pausedUntil ?? ''));
    const ends = pauses.filter((end) => end > at);
    return Math.min(sweepMs, Math.max(10, Math.min(next, ...ends) - at));
  }

  async function clear(): Promise<void> {
    const before = isoTime(now() - keptMs);
    while ((await deleteDelivered(pool, before, batch)) === batch && !signal.aborted);
    await pause(clearMs, signal);
  }

  async function keepOn(turn: () => Promise<void>, what: string): Promise<void> {
    while (!signal.aborted) {
      try {
        await turn();
      } catch (err) {
        log.warn({ err }, `${what} failed, and is tried again`);
        await pause(sweepMs, signal);
      }
    }
  }

  const running = Promise.all([
    keepOn(spread, 'spreading the log over the outbox'),
    keepOn(lease, 'looking for what is to be delivered'),
    keepOn(clear, 'deleting what was delivered long ago'),
  ]);
  return {
    async stop() {
      stopping.abort();
      await running;
      await Promise.all(underWay);
      await session.stop();
    },
  };
}

function isAhead(moment: string | null, at: number): boolean {
  return moment !== null && Date.parse(moment) > at;
}

async function pause(ms: number, ended: AbortSignal): Promise<void> {
  await makeWakeup().wait(ms, ended);
}
