import type { JsonObject } from '../../domain/json.ts';
import { isoTime } from '../../domain/time.ts';
import type { Queryable } from '../../store/queryable.ts';
import { endInbound } from './end-inbound.ts';
import { listWaiting } from './list-waiting.ts';
import type { WaitingInbound } from './list-waiting.ts';

/** How long a click can open a form, ms: what opens it lives so long (Slack: `trigger_id`). */
const clickLivesMs = 3000;
const mostAtOnce = 100;

/** What is done about deliveries that wait. */
export interface InboundHandlers {
  /** Has the changes read their tickets again. What a hint says beside the ticket's names is not believed. */
  readonly reread: (system: string, tickets: readonly string[]) => Promise<void>;
  /** Opens the form of a click. */
  readonly open: (system: string, click: JsonObject) => Promise<void>;
  /** Tells the person that they have to press again: the form could not be opened in time. */
  readonly tellTooLate: (system: string, click: JsonObject) => Promise<void>;
  /** Called for what failed; a hint stays and is tried again, a click is over. */
  readonly onError: (error: unknown, delivery: WaitingInbound) => void;
}

/**
 * Handles what waits: clicks first, since they live for 3 s; hints of one ticket together. To be called on each notification
 * of `countersign_inbound`, and from time to time, since one may be lost. Two deliverers at once open a form twice, which
 * is one form.
 *
 * @param now - milliseconds since the epoch
 * @returns how many were handled
 */
export async function handleInbound(
  db: Queryable,
  handlers: InboundHandlers,
  now: () => number,
): Promise<number> {
  const waiting = await listWaiting(db, mostAtOnce);
  const handled: string[] = [];
  await Promise.all(waiting.filter(({ kind }) => kind === 'click').map(handleClick));
  const hints = waiting.filter(({ kind }) => kind === 'hint');
  for (const system of new Set(hints.map((hint) => hint.system))) {
    const ofSystem = hints.filter((hint) => hint.system === system);
    const [first] = ofSystem;
    if (!first) continue;
    try {
      await handlers.reread(system, [...new Set(ofSystem.flatMap(({ tickets }) => tickets ?? []))]);
      handled.push(...ofSystem.map(({ id }) => id));
    } catch (error) {
      handlers.onError(error, first);
    }
  }
  await endInbound(db, handled, isoTime(now()));
  return handled.length;

  async function handleClick(delivery: WaitingInbound): Promise<void> {
    const { id, system, click, receivedAt } = delivery;
    handled.push(id);
    if (click === null) return;
    const isAlive = now() - Date.parse(receivedAt) < clickLivesMs;
    try {
      await (isAlive ? handlers.open(system, click) : handlers.tellTooLate(system, click));
    } catch (error) {
      handlers.onError(error, delivery);
    }
  }
}
