import type { EntryBody } from '../../domain/entry.ts';
import type { JsonObject } from '../../domain/json.ts';
import { changeOf } from '../audit/change-story.ts';
import type { DeliveredEntry, Delivery, Sink } from '../../tickets/sink.ts';
import type { Divergence, TicketReports } from '../../tickets/ticket-job.ts';

/** A change's entries as a subscription delivers them, with what it keeps between deliveries. */
export function subscriptionOf(first = 100) {
  const history: DeliveredEntry[] = [];
  let delivered = 0;
  let memory: JsonObject | null = null;
  const kept: JsonObject[] = [];

  /** @param guard - called before each time something is kept: what it throws stands for a kill */
  function delivery(guard: () => void = () => undefined, signal?: AbortSignal): Delivery {
    const change = changeOf(history.map(({ body }) => body));
    return {
      subscription: 'tickets',
      change,
      entries: history.slice(delivered),
      history: [...history],
      memory,
      remember(next) {
        guard();
        memory = JSON.parse(JSON.stringify(next)) as JsonObject;
        kept.push(memory);
        return Promise.resolve();
      },
      signal: signal ?? new AbortController().signal,
    };
  }
  return {
    /** What has been kept so far, the newest last. */
    kept,
    get memory() {
      return memory;
    },
    forget(): void {
      memory = null;
    },
    add(...bodies: EntryBody[]): void {
      for (const body of bodies) {
        const index = first + history.length;
        history.push({ index, key: `test/${index}`, body });
      }
    },
    delivery,
    async deliver(sink: Sink, guard?: () => void): Promise<void> {
      delivered += await sink.deliver(delivery(guard));
    },
    /** Everything again, as when somebody replays it. */
    replay(): void {
      delivered = 0;
    },
  };
}

/** Reports that keep each entry once, as the log does. */
export function reportsOf() {
  const linked = new Map<string, boolean>();
  const diverged = new Map<string, Divergence>();
  const append: TicketReports = {
    linked: ({ ticket, made }) => {
      linked.set(ticket.id, made);
      return Promise.resolve();
    },
    diverged: (divergence) => {
      diverged.set(`${divergence.ticket.id} ${divergence.why}`, divergence);
      return Promise.resolve();
    },
  };
  return { append, linked, diverged };
}
