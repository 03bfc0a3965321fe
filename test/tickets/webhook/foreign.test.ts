import { createSecretKey } from 'node:crypto';
import { CloudEvent, HTTP } from 'cloudevents';
import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { messageOf } from '../../../tickets/webhook/message.ts';
import { keyOf, signedHeaders } from '../../../tickets/webhook/sign.ts';
import { history } from './webhook-fixture.ts';

// What others have written takes what we send.

const secret = (text: string) => `whsec_${Buffer.from(text.padEnd(32, '.')).toString('base64')}`;
const keysOf = (...texts: string[]) =>
  texts.map((text) => keyOf(secret(text)) ?? createSecretKey(Buffer.alloc(0)));
const expired = { type: 'change.expired', decideBy: '2026-12-01T09:00:00.000Z' } as const;

test('Standard Webhooks’ own library verifies each message, with either of two secrets', () => {
  const { change, entries } = history({ justification: 'é☃ "quoted"' }, expired);
  for (const form of ['countersign', 'cloudevents'] as const) {
    for (const entry of entries) {
      const message = messageOf(change, entry, form);
      const headers = signedHeaders(keysOf('new', 'old'), message, Date.now());
      for (const name of ['new', 'old']) {
        expect(new Webhook(secret(name)).verify(message.body, headers)).toEqual(JSON.parse(message.body));
      }
      expect(() => new Webhook(secret('other')).verify(message.body, headers)).toThrow();
      expect(() => new Webhook(secret('new')).verify(`${message.body} `, headers)).toThrow();
    }
  }
});

test('it refuses a message of ten minutes ago', () => {
  const { change, entries } = history();
  for (const entry of entries) {
    const message = messageOf(change, entry, 'countersign');
    const headers = signedHeaders(keysOf('one'), message, Date.now() - 600_000);
    expect(() => new Webhook(secret('one')).verify(message.body, headers)).toThrow();
  }
});

test('the CloudEvents SDK reads each event as a valid one', () => {
  const { change, entries } = history({}, expired);
  const events = entries.map((entry) => {
    const { body, contentType } = messageOf(change, entry, 'cloudevents');
    return HTTP.toEvent({ headers: { 'content-type': contentType }, body }) as CloudEvent<{ index: number }>;
  });
  for (const [n, event] of events.entries()) {
    expect(event).toBeInstanceOf(CloudEvent);
    expect(event.validate()).toBe(true);
    expect([event.subject, event.data?.index]).toEqual([change.id, entries[n]?.index]);
  }
});
