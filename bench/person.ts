import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { ChangeView } from '../api/change-view.ts';
import { apiClient } from '../client/api-client.ts';
import type { ApiClient } from '../client/api-client.ts';
import { CountersignError } from '../domain/error.ts';
import { instance } from './testbed.ts';
import type { Testbed } from './testbed.ts';
import type { Installation } from './installation.ts';

/** How the driver learns what becomes of a change. */
export type Wait = 'poll' | 'sse';

/** People at an API, as they work with it over HTTP. */
export interface People {
  /** POST /v1/changes by alice. */
  submit(sn: string): Promise<ChangeView>;
  /** Until a change has its digest. */
  prechecked(id: string): Promise<ChangeView>;
  /** From POST to `succeeded`, approved by bob; answers the id and throws for any other end. */
  wholeChange(sn: string, wait: Wait): Promise<string>;
  /** From when a change that somebody else asks for is there to `succeeded`, approved by bob; throws for any other end. */
  approved(id: string): Promise<void>;
  /** The ids of the newest changes. */
  ids(limit: number): Promise<string[]>;
  /**
   * What had to be asked again: approvals that the workflow refused because it did not know the digest yet that the API
   * showed, and submissions that found no worker in time.
   */
  askedAgain(): { readonly approvals: number; readonly submissions: number };
  /** GET as somebody, the answer read and dropped. */
  get(user: 'alice' | 'bob' | 'dave', path: string): Promise<void>;
}

/** Milliseconds between two looks at one change. */
const lookMs = 25;
/** The same, of somebody who waits for a change that a host is about to ask for. */
const lookForNewMs = 10;
const patienceMs = 60_000;

/** @param ticketOf - the ticket of a certificate's change */
export async function people(
  testbed: Testbed,
  installation: Installation,
  ticketOf: (sn: string) => { readonly system: string; readonly id: string } = () => ({
    system: 'bench',
    id: 'CHG-1',
  }),
): Promise<People> {
  const names = ['alice', 'bob', 'dave'] as const;
  const tokens = await Promise.all(names.map((name) => testbed.tokenFor(name)));
  const client = (i: number): ApiClient => apiClient(installation.url, tokens[i] ?? '');
  const [alice, bob, dave] = [client(0), client(1), client(2)];
  const clients = { alice, bob, dave };
  let early = 0;
  let unavailable = 0;

  async function submit(sn: string): Promise<ChangeView> {
    const key = randomUUID();
    for (;;) {
      try {
        return await alice.post(
          '/v1/changes',
          {
            operation: 'ActiveCaCertificate',
            input: { regionId: 'cn-hangzhou', mqttInstanceId: instance, sn },
            justification: 'Line 4 was moved to the new gateway; its devices must connect again.',
            ticket: ticketOf(sn),
          },
          { 'Idempotency-Key': key },
        );
      } catch (error) {
        // On a machine that others keep busy: counted, and asked again with the same key, as the API says.
        if (!(error instanceof CountersignError) || error.code !== 'engine_unavailable') throw error;
        unavailable += 1;
        if (unavailable > 20) throw error;
      }
    }
  }
  async function approve(id: string, digest: string): Promise<void> {
    for (;;) {
      try {
        await bob.post(`/v1/changes/${id}/decisions`, { decision: 'approve', digest, comment: 'checked' });
        return;
      } catch (error) {
        // The digest was shown before the workflow itself knew of it: counted, and asked again.
        if (!(error instanceof CountersignError) || error.code !== 'not_awaiting_decision') throw error;
        early += 1;
        if (early > 10_000) throw error;
        await delay(lookMs);
      }
    }
  }

  async function until(id: string, holds: (change: ChangeView) => boolean): Promise<ChangeView> {
    const deadline = Date.now() + patienceMs;
    for (;;) {
      const change = await bob.change(id);
      if (holds(change)) return change;
      if (change.closedAt !== null || Date.now() > deadline) {
        throw new Error(`change ${id}: ${change.executionStatus}, ${change.outcome?.message ?? 'open'}`);
      }
      await delay(lookMs);
    }
  }

  /** The change's entries as they come: one request for the whole life. */
  async function followed(id: string): Promise<void> {
    const response = await fetch(`${installation.url}/v1/changes/${id}/events`, {
      headers: { accept: 'text/event-stream', authorization: `Bearer ${tokens[1] ?? ''}` },
      signal: AbortSignal.timeout(patienceMs),
    });
    if (!response.ok || response.body === null) throw new Error(`no events of ${id}: ${response.status}`);
    let approved: Promise<unknown> = Promise.resolve();
    let text = '';
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      const events = text.split('\n\n');
      text = events.pop() ?? '';
      for (const event of events) {
        const data = event.split('\n').find((line) => line.startsWith('data:'));
        if (data === undefined) continue;
        const told = JSON.parse(data.slice(5)) as { type: string; digest: string; executionStatus?: string };
        if (told.type === 'change.prechecked') approved = approve(id, told.digest);
        if (told.type === 'change.closed') {
          await approved;
          if (told.executionStatus !== 'succeeded') throw new Error(`change ${id}: ${told.executionStatus}`);
          return;
        }
      }
    }
    throw new Error(`the events of ${id} ended before the change`);
  }

  const prechecked = (id: string) => until(id, (change) => change.digest !== null);
  return {
    submit,
    prechecked,
    async wholeChange(sn, wait) {
      const { id } = await submit(sn);
      if (wait === 'sse') {
        await followed(id);
        return id;
      }
      const { digest } = await prechecked(id);
      await approve(id, digest ?? '');
      await until(id, (change) => change.executionStatus === 'succeeded');
      return id;
    },
    async approved(id) {
      const deadline = Date.now() + patienceMs;
      for (;;) {
        try {
          await bob.change(id);
          break;
        } catch (error) {
          const isMissing = error instanceof CountersignError && error.code === 'not_found';
          if (!isMissing || Date.now() > deadline) throw error;
          await delay(lookForNewMs);
        }
      }
      await followed(id);
    },
    async ids(limit) {
      const { items } = await dave.list(new URLSearchParams({ limit: String(limit) }));
      return items.map((change) => change.id);
    },
    askedAgain: () => ({ approvals: early, submissions: unavailable }),
    async get(user, path) {
      await clients[user].get(path);
    },
  };
}
