import { expect, test } from 'vitest';
import { newEntryBody } from '../../../domain/entry.ts';
import { messageOf } from '../../../tickets/webhook/message.ts';
import type { DeliveredEntry } from '../../../tickets/sink.ts';
import { person } from '../../store/change-fixture.ts';
import { history } from './webhook-fixture.ts';

const expired = { type: 'change.expired', decideBy: '2026-12-01T09:00:00.000Z' } as const;

function messages(made: ReturnType<typeof history>, form: 'countersign' | 'cloudevents') {
  return made.entries.map((entry) => {
    const message = messageOf(made.change, entry, form);
    return { ...message, json: JSON.parse(message.body) as Record<string, unknown> };
  });
}

test('our form says type, time, index, who, and what the change is by then', () => {
  const made = history({}, expired);
  const [requested, second] = messages(made, 'countersign');
  expect(requested?.contentType).toBe('application/json');
  expect(requested?.json).toMatchObject({
    type: 'change.requested',
    timestamp: '2026-11-24T09:00:00.000Z',
    data: {
      index: 0,
      actor: { issuer: 'https://id.example', subject: 'alice', name: 'alice' },
      comment: 'devices must connect again',
      change: { id: made.change.id, operation: 'ActiveCaCertificate', path: `/v1/changes/${made.change.id}` },
    },
  });
  expect(second?.json).toMatchObject({
    type: 'change.expired',
    data: { index: 3, actor: { process: 'worker' } },
  });
});

test('an entry of no change says who, and what it is about, without roles and without a change', () => {
  const { entries } = history();
  const [entry] = entries;
  if (!entry) throw new Error('none');
  const actor = { issuer: 'https://id.example', subject: 'adam', name: 'Adam', roles: ['admin'] };
  const body = newEntryBody({
    type: 'token.issued',
    time: '2026-11-24T09:00:00.000Z',
    actor,
    source: '10.0.0.1',
    token: { id: 't', name: 'ci', scopes: ['read'], expiresAt: '2026-12-24T09:00:00.000Z' },
  });
  for (const form of ['countersign', 'cloudevents'] as const) {
    const json = JSON.parse(messageOf(null, { ...entry, body }, form).body) as Record<string, unknown>;
    expect(json['data']).toEqual({
      index: 0,
      actor: { issuer: 'https://id.example', subject: 'adam', name: 'Adam' },
      token: { id: 't', name: 'ci', scopes: ['read'], expiresAt: '2026-12-24T09:00:00.000Z' },
    });
    expect(json).not.toHaveProperty('subject');
  }
  const long = { ...body, token: { name: 'x'.repeat(30_000) } };
  expect(JSON.parse(messageOf(null, { ...entry, body: long }, 'countersign').body)).toMatchObject({
    type: 'token.issued',
    data: { isShortened: true },
  });
});

test('nothing that somebody could decide on is told, in either form', () => {
  const made = history({ digest: 'd'.repeat(64) }, expired);
  for (const form of ['countersign', 'cloudevents'] as const) {
    for (const { body } of messages(made, form)) expect(body).not.toMatch(/digest|d{64}/);
  }
});

test('what is known of a person stays here', () => {
  const requester = { ...person('alice', ['secret-group']), roles: ['requester' as const] };
  for (const { body } of messages(history({ requester }), 'countersign')) {
    expect(body).not.toContain('secret-group');
  }
});

test('a CloudEvent has the attributes that it must have, and a sequence in the order of the log', () => {
  const made = history({}, expired);
  const found = messages(made, 'cloudevents');
  for (const { contentType } of found) expect(contentType).toBe('application/cloudevents+json');
  expect(found[1]?.json).toMatchObject({
    specversion: '1.0',
    id: found[1]?.id,
    source: 'urn:countersign',
    type: 'countersign.change.expired',
    subject: made.change.id,
    time: '2026-11-24T09:00:01.000Z',
    datacontenttype: 'application/json',
    sequence: '0000000000000003',
  });
  const sequences = found.map(({ json }) => json['sequence'] as string);
  expect([...sequences].sort()).toEqual(sequences);
});

test('the id is that of the entry, whatever becomes of the change, and another for another entry', () => {
  const made = history({}, expired);
  const [first, second] = messages(made, 'countersign');
  expect(first?.id).toMatch(/^msg_[0-9a-f]{32}$/);
  expect(messages(made, 'cloudevents')[0]?.id).toBe(first?.id);
  expect(second?.id).not.toBe(first?.id);
});

test.each(['countersign', 'cloudevents'] as const)(
  'the longest change is told in less than 20 kB (%s)',
  (form) => {
    const long = '€'.repeat(2000);
    const made = history({
      justification: long,
      target: {
        id: 'x'.repeat(2000),
        scope: Object.fromEntries(Array.from({ length: 8 }, (_, n) => [`m${n}`, '☃'.repeat(200)])),
        label: long,
      },
      requester: person('☃'.repeat(200)),
      ticket: { system: 'jira', id: '☃'.repeat(200), url: `https://example.com/${'x'.repeat(1900)}` },
    });
    const missing = Array.from({ length: 500 }, (_, n) => ({
      stage: `stage ${n}`,
      group: '☃'.repeat(100),
      seats: 1,
      alsoFrom: [],
    }));
    const [entry] = made.entries as [DeliveredEntry];
    const { body } = messageOf({ ...made.change, missing }, entry, form);
    expect(Buffer.byteLength(body)).toBeLessThan(20_000);
    expect(body).toContain('"isShortened":true');
  },
);

test('text of people cannot control a terminal that shows it', () => {
  const [message] = messages(history({ justification: 'a\u001b[2Jb\u202e' }), 'countersign');
  expect(message?.body).toContain('\\u001b');
  // eslint-disable-next-line no-control-regex
  expect(message?.body).not.toMatch(/[\u0000-\u001f\u202e]/);
});
