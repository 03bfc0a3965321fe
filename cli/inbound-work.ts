import type { Pool } from 'pg';
import { sha256 } from '../api/sha256.ts';
import { decisionsBy } from '../domain/channel.ts';
import { differenceIn } from '../domain/stored-change.ts';
import { isoTime } from '../domain/time.ts';
import { presentedLines } from '../operations/presented-lines.ts';
import type { Operations } from '../operations/registry.ts';
import { getChange } from '../store/get-change.ts';
import { makeDue } from '../tickets/inbound/make-due.ts';
import { makeStaleDue } from '../tickets/inbound/make-stale-due.ts';
import type { InboundOptions } from '../tickets/inbound/start-inbound.ts';
import type { Integrations } from '../tickets/integrations.ts';
import { openModal } from '../tickets/slack/open-modal.ts';
import { refusalText } from '../tickets/slack/person-text.ts';
import type { SlackRefusal } from '../tickets/slack/person-text.ts';
import { readPress } from '../tickets/slack/press.ts';
import { tellPerson } from '../tickets/slack/respond.ts';
import { readSecret } from './secret-file.ts';

/** After how long without a word a ticket is read again, ms. */
const staleMs = 15 * 60_000;
/** How long after its end a change's ticket is still looked at, ms. */
const endedMs = 86_400_000;
/** Longest wait for Slack, ms. */
const slackMs = 10_000;

/**
 * What the deliverer does about deliveries: opens Slack's modals with the app's token, and has tickets read again.
 *
 * @throws CountersignError `invalid_configuration` for a token that cannot be read
 */
export async function openInboundWork(
  { systems }: Integrations,
  {
    pool,
    operations,
    fetch,
    now,
  }: {
    readonly pool: Pool;
    readonly operations: Operations;
    readonly fetch: typeof globalThis.fetch;
    readonly now: () => number;
  },
): Promise<Pick<InboundOptions, 'handlers' | 'sweep'>> {
  const slacks = new Map<string, { readonly url: string; readonly token: string }>();
  for (const [name, settings] of Object.entries(systems)) {
    if (settings.kind !== 'slack' || settings.tokenFile === undefined) continue;
    slacks.set(name, { url: settings.url, token: await readSecret(settings.tokenFile) });
  }
  async function tell(
    { url }: { readonly url: string },
    responseUrl: string | null,
    why: SlackRefusal,
  ): Promise<void> {
    if (responseUrl === null) return;
    const signal = AbortSignal.timeout(slackMs);
    await tellPerson({ responseUrl, slackUrl: url, text: refusalText(why), fetch, signal });
  }
  const ticketSystems = Object.entries(systems).flatMap(([name, { kind }]) =>
    kind === 'jira' || kind === 'servicenow' ? [name] : [],
  );
  return {
    handlers: {
      async reread(system, tickets) {
        await makeDue(pool, system, tickets, isoTime(now()));
      },
      async open(system, click) {
        const slack = slacks.get(system);
        const press = readPress(click);
        if (!slack || press === null)
          throw new Error('no Slack of that name has a token here, or it is no press');
        const change = await getChange(pool, press.changeId);
        // Whoever can write the stored change could show one and have another approved: its digest is made anew first.
        if (change !== null && differenceIn(change, sha256) !== null) {
          await tell(slack, press.responseUrl, 'stored_change_differs');
          return;
        }
        const choices = change === null ? [] : decisionsBy(change.policy, system);
        const signal = AbortSignal.timeout(slackMs);
        const presented = change && presentedLines(operations, change);
        await openModal({ ...slack, press, change, choices, presented, fetch, now: now(), signal });
      },
      async tellTooLate(system, click) {
        const slack = slacks.get(system);
        if (slack) await tell(slack, readPress(click)?.responseUrl ?? null, 'too_late');
      },
    },
    async sweep() {
      const at = now();
      const [before, endedAfter] = [isoTime(at - staleMs), isoTime(at - endedMs)];
      for (const system of ticketSystems) {
        await makeStaleDue(pool, system, { at: isoTime(at), before, endedAfter });
      }
    },
  };
}
