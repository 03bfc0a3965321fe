import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { canonicalJson } from '../../../domain/canonical-json.ts';
import { noticedTypes } from '../../../domain/notice.ts';
import type { EntryBody } from '../../../domain/entry.ts';
import { shownJson } from '../../../domain/shown-text.ts';
import { changeAfter, eventOf } from '../../../tickets/event-of.ts';
import type { DeliveredEntry } from '../../../tickets/sink.ts';
import { makeGuardedFetch } from '../../../tickets/webhook/guarded-fetch.ts';
import { noticeMessage } from '../../../tickets/webhook/notice-message.ts';
import { makeWebhookSink } from '../../../tickets/webhook/sink.ts';
import { webhookSecret } from '../../support/receiver.ts';
import { Deliveries } from '../told-change.ts';
import { startHookServer } from './hook-server.ts';
import { noticedChanges } from './noticed-changes.ts';

/*
 * notice-bodies.json has what the worker of before sent itself, from a workflow's memory, of the changes of noticed-changes.ts.
 * It is never made anew.
 */
const before = JSON.parse(
  await readFile(join(import.meta.dirname, 'notice-bodies.json'), 'utf8'),
) as Readonly<Record<string, readonly string[]>>;

/** A body with its scope's members in the log's order, which has no other. */
function inLogOrder(body: string): string {
  const parsed = JSON.parse(body) as { data: { change: { target: { scope: Record<string, string> } } } };
  const { target } = parsed.data.change;
  target.scope = JSON.parse(canonicalJson(target.scope)) as Record<string, string>;
  return shownJson(parsed);
}

/** Entries as they are read from the log. */
const asLogged = ({ body, ...entry }: DeliveredEntry): DeliveredEntry => ({
  ...entry,
  body: JSON.parse(canonicalJson(body)) as EntryBody,
});

test.each(noticedChanges())(
  '$name: each body is, byte for byte, what it was before',
  ({ name, steps, told }) => {
    let change: ReturnType<typeof changeAfter> = null;
    const bodies: string[] = [];
    for (const entry of told.tell(...steps.map(([step]) => step)).map(asLogged)) {
      const event = eventOf(entry.body, told.asked);
      change = event && changeAfter(change, event);
      const message = change && noticeMessage(change, entry);
      if (message) bodies.push(message.body);
    }
    expect(bodies).toEqual(before[name]?.map(inLogOrder));
  },
);

test.each(noticedChanges())(
  '$name: a receiver gets these, in order, and nothing else',
  async ({ name, steps, told }) => {
    const hooks = await startHookServer();
    onTestFinished(() => hooks.stop());
    const sink = makeWebhookSink(
      { url: hooks.url, secrets: [webhookSecret], form: 'notices' },
      { fetch: makeGuardedFetch({ allowNetworks: ['127.0.0.0/8'] }) },
    );
    told.tell(...steps.map(([step]) => step));
    told.history.splice(0, Infinity, ...told.history.map(asLogged));
    const delivery = new Deliveries(told).of(told.history);
    expect(await sink.deliver(delivery)).toBe(steps.length);
    expect(await sink.deliver(delivery)).toBe(steps.length);
    const kinds = steps.flatMap(([, kind]) => (kind === null ? [] : [`change.${kind}`]));
    const [first, again] = [hooks.received.slice(0, kinds.length), hooks.received.slice(kinds.length)];
    expect(first.map(({ body }) => body)).toEqual(before[name]?.map(inLogOrder));
    expect(first.map(({ json }) => json['type'])).toEqual(kinds);
    expect(first.every(({ headers }) => headers['content-type'] === 'application/json')).toBe(true);
    // A repeat is known by its id; two notices of one kind are two.
    const idOf = ({ headers }: (typeof first)[number]) => headers['webhook-id'];
    expect(again.map(idOf)).toEqual(first.map(idOf));
    expect(new Set(first.map(idOf)).size).toBe(kinds.length);
  },
);

test('every notice is of a type that the subscription of notices asks for', () => {
  for (const { steps, told } of noticedChanges()) {
    for (const [step, kind] of steps) {
      const [entry] = told.tell(step);
      if (kind !== null) expect(noticedTypes).toContain(entry?.body.type);
    }
  }
});

test('nothing that somebody could decide on is told', () => {
  for (const body of Object.values(before).flat()) expect(body).not.toMatch(/digest|a{64}/);
});
