import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import { keepSession } from './session.ts';
import type { SessionLog } from './session.ts';

/** Options of {@link startEntryFeed}. */
export interface EntryFeedOptions {
  /** One of its connections is kept for LISTEN. */
  readonly pool: Pool;
  readonly log?: SessionLog;
  /** How often the connection is tried, in ms; default 10000. A dead one is noticed by that and the pool's query time-out. */
  readonly heartbeatMs?: number;
}

/** Wakes whoever follows a change or an API token. */
export interface EntryFeed {
  /**
   * Calls `onWake` when entries of the change may have got an index since the last call: then read on from the last
   * index seen ({@link ./entries.ts}). Read once after subscribing, too. After a lost connection everybody is woken.
   *
   * With the id of an API token it calls when that may have ended.
   *
   * @returns ends the subscription
   */
  subscribe(id: string, onWake: () => void): () => void;
  stop(): Promise<void>;
}

/** One LISTEN connection for a whole process, whichever replica it is, and made again when it is lost. */
export function startEntryFeed(options: EntryFeedOptions): EntryFeed {
  const { pool, log, heartbeatMs = 10_000 } = options;
  const followers = new Map<string, Set<() => void>>();
  const wake = (id: string): void => {
    for (const onWake of [...(followers.get(id) ?? [])]) onWake();
  };
  const session = keepSession({
    pool,
    log,
    name: 'entry feed',
    async work(client, ended) {
      client.on('notification', ({ channel, payload = '' }) => {
        const ids = channel === 'countersign_api_tokens' ? [payload] : changesOf(payload);
        for (const id of ids) wake(id);
      });
      await client.query('listen countersign_entries; listen countersign_api_tokens');
      // Notifications may have come while nobody listened.
      for (const id of [...followers.keys()]) wake(id);
      for (;;) {
        await delay(heartbeatMs, undefined, { signal: ended });
        await client.query('select 1');
      }
    },
  });
  return {
    subscribe(id, onWake) {
      // A function of its own, so that the same callback can follow twice.
      const follower = (): void => onWake();
      const all = followers.get(id) ?? new Set();
      followers.set(id, all.add(follower));
      return () => {
        all.delete(follower);
        if (all.size === 0 && followers.get(id) === all) followers.delete(id);
      };
    },
    stop: () => session.stop(),
  };
}

/** The changes of a payload of audit.sequence, `<size> <change id>,<change id>…`. */
function changesOf(payload: string): string[] {
  return (payload.split(' ')[1] ?? '').split(',').filter((id) => id !== '');
}
