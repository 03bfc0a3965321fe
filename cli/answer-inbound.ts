import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { Logger } from 'pino';
import { keepSession } from '../audit/session.ts';
import { makeWakeup } from '../audit/wakeup.ts';
import { isoTime } from '../domain/time.ts';
import { presentedLines } from '../operations/presented-lines.ts';
import type { Operations } from '../operations/registry.ts';
import { getChange } from '../store/get-change.ts';
import { handleInbound } from '../tickets/inbound/handle-inbound.ts';
import { makeDue } from '../tickets/inbound/make-due.ts';
import { makeStaleDue } from '../tickets/inbound/make-stale-due.ts';
import type { Integrations } from '../tickets/integrations.ts';
import { openModal } from '../tickets/slack/open-modal.ts';
import { refusalText } from '../tickets/slack/person-text.ts';
import { readPress } from '../tickets/slack/press.ts';
import { tellPerson } from '../tickets/slack/respond.ts';
import type { SlackSettings } from '../tickets/slack/settings.ts';
import { readSecret } from './secret-file.ts';
import { choicesOf } from './sinks.ts';

/** How often waiting deliveries are looked for without a notification, ms. */
const lookMs = 5000;
/** A ticket of which nothing was heard for so long is read again, ms: its webhook may have been lost. */
const staleMs = 15 * 60_000;
/** How long tickets of changes that have ended are still looked at, ms. */
const endedMs = 86_400_000;
const sweepMs = 60_000;

/** What the handling of what other systems have sent works with. */
export interface InboundWork {
  readonly pool: Pool;
  readonly log: Logger;
  readonly operations: Operations;
  readonly fetch: typeof globalThis.fetch;
  readonly integrations: () => Integrations;
}

/**
 * Handles what the API has heard of other systems: reads tickets again that may have moved, and opens Slack's forms, for which
 * only the deliverer has the token.
 *
 * @returns ends it
 */
export function answerInbound(work: InboundWork): { stop(): Promise<void> } {
  const { pool, log, integrations } = work;
  const wakeup = makeWakeup();
  const stopping = new AbortController();
  const session = keepSession({
    pool,
    log,
    name: 'inbound',
    async work(client, ended) {
      client.on('notification', () => wakeup.set());
      await client.query('listen countersign_inbound');
      wakeup.set();
      for (;;) {
        await delay(10_000, undefined, { signal: ended });
        await client.query('select 1');
      }
    },
  });
  const handlers = {
    reread: async (system: string, tickets: readonly string[]) => {
      await makeDue(pool, system, tickets, isoTime(Date.now()));
    },
    open: (system: string, click: Parameters<typeof readPress>[0]) => openForm(work, system, click),
    tellTooLate: (system: string, click: Parameters<typeof readPress>[0]) =>
      tellTooLate(work, system, click),
    onError: (err: unknown, { system, kind }: { readonly system: string; readonly kind: string }) => {
      log.warn({ err: err as Error, system }, `a ${kind} could not be handled`);
    },
  };
  const running = (async () => {
    while (!stopping.signal.aborted) {
      await handleInbound(pool, handlers, Date.now).catch((err: unknown) => {
        log.warn({ err: err as Error }, 'what other systems have sent could not be read');
      });
      await wakeup.wait(lookMs, stopping.signal);
    }
  })();
  const sweep = setInterval(() => {
    const now = Date.now();
    const times = { at: isoTime(now), before: isoTime(now - staleMs), endedAfter: isoTime(now - endedMs) };
    const systems = Object.entries(integrations().systems).filter(([, { kind }]) => 'jira servicenow'.includes(kind));
    Promise.all(systems.map(([name]) => makeStaleDue(pool, name, times))).catch((err: unknown) => {
      log.warn({ err: err as Error }, 'tickets could not be looked through');
    });
  }, sweepMs);
  return {
    async stop() {
      stopping.abort();
      clearInterval(sweep);
      await Promise.all([running, session.stop()]);
    },
  };
}

function slackOf({ integrations }: InboundWork, system: string): SlackSettings | null {
  const settings = integrations().systems[system];
  return settings?.kind === 'slack' ? settings : null;
}

async function openForm(work: InboundWork, system: string, click: Parameters<typeof readPress>[0]) {
  const { pool, log, operations, fetch } = work;
  const settings = slackOf(work, system);
  const press = readPress(click);
  if (settings?.tokenFile === undefined || press === null) return;
  const change = await getChange(pool, press.changeId);
  const outcome = await openModal({
    ...{ press, change, fetch, url: settings.url, now: Date.now() },
    presented: change && presentedLines(operations, change),
    choices: change ? choicesOf(system, change) : [],
    token: await readSecret(settings.tokenFile),
    signal: AbortSignal.timeout(5000),
  });
  log.info({ system, changeId: press.changeId, outcome }, 'a button was pressed');
}

async function tellTooLate(work: InboundWork, system: string, click: Parameters<typeof readPress>[0]) {
  const settings = slackOf(work, system);
  const responseUrl = readPress(click)?.responseUrl ?? null;
  if (settings === null || responseUrl === null) return;
  const text = refusalText('too_late');
  const { fetch } = work;
  await tellPerson({ responseUrl, slackUrl: settings.url, text, fetch, signal: AbortSignal.timeout(5000) });
}
