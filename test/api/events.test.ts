import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { appendEntry } from '../../audit/append.ts';
import type { Change } from '../../domain/change.ts';
import { closed } from '../domain/moves.ts';
import type { EventType } from '../../domain/entry.ts';
import { makePool } from '../../store/pool.ts';
import { saveChange } from '../../store/save-change.ts';
import { eventually } from '../support/service.ts';
import { startApiStack, startReplica } from './api-stack.ts';
import type { Answer, ApiStack, Replica, Sent } from './api-stack.ts';

let stack: ApiStack;
let other: Replica;

beforeAll(async () => {
  stack = await startApiStack();
  other = await startReplica(stack.testbed);
});

afterAll(async () => {
  await other.stop();
  await stack.stop();
});

async function append(change: Change, type: EventType): Promise<void> {
  await appendEntry(stack.worker, {
    key: `test/${type}/${randomUUID()}`,
    body: {
      v: 1,
      type,
      time: new Date().toISOString(),
      changeId: change.id,
      actor: { process: 'worker' },
      operation: change.operation,
      target: change.target.id,
    },
  });
}

interface Item {
  readonly index: number | null;
  readonly type: string;
}

async function items(change: Change): Promise<Item[]> {
  const { status, body } = await stack.api.call(`/v1/changes/${change.id}/events`);
  expect(status).toBe(200);
  return body.items as Item[];
}

/** Waits until the sequencer has given every entry of the change its index. */
async function sequenced(change: Change): Promise<number[]> {
  return eventually(async () => {
    const indexes = (await items(change)).map(({ index }) => index);
    return indexes.some((index) => index === null) ? null : (indexes as number[]);
  });
}

interface Event {
  readonly id: number;
  readonly event: string;
  readonly data: Item;
}

/** A live stream: what it has sent so far, and whether it has ended. */
async function follow(api: Replica, change: Change, sent: Sent = {}) {
  const aborted = new AbortController();
  const response = await api.open(`/v1/changes/${change.id}/events`, {
    ...sent,
    headers: { accept: 'text/event-stream', ...sent.headers },
  });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
  const events: Event[] = [];
  const state = { ended: false };
  const reading = (async () => {
    let rest = '';
    const reader = (response.body as ReadableStream<Uint8Array>)
      .pipeThrough(new TextDecoderStream())
      .getReader();
    aborted.signal.addEventListener('abort', () => void reader.cancel().catch(() => undefined));
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      const parts = (rest + value).split('\n\n');
      rest = parts.pop() ?? '';
      for (const part of parts) {
        const fields = new Map(part.split('\n').map((line) => line.split(/:(.*)/s, 2) as [string, string]));
        const data = fields.get('data');
        if (data === undefined) continue;
        events.push({
          id: Number(fields.get('id')),
          event: fields.get('event') ?? '',
          data: JSON.parse(data) as Item,
        });
      }
    }
    state.ended = true;
  })();
  reading.catch(() => undefined);
  onTestFinished(() => aborted.abort());
  return {
    events,
    until: (count: number) => eventually(() => Promise.resolve(events.length >= count ? true : null)),
    end: () => eventually(() => Promise.resolve(state.ended ? true : null)),
    state,
    close: () => {
      aborted.abort();
    },
  };
}

test('the entries of a change are answered in order, with their keys', async () => {
  const change = await stack.stored();
  expect(await items(change)).toEqual([]);
  await append(change, 'change.requested');
  await append(change, 'change.prechecked');
  const indexes = await sequenced(change);
  expect(indexes).toEqual([...indexes].sort((a, b) => a - b));
  expect(await items(change)).toMatchObject([
    { index: indexes[0], type: 'change.requested', key: expect.stringContaining('test/') as unknown },
    { index: indexes[1], type: 'change.prechecked' },
  ]);
});

test('one person has so many streams open at once: others have theirs, and one that is closed gives its place back', async () => {
  const few = await startReplica(stack.testbed, { streamsPerPerson: 2 });
  onTestFinished(() => few.stop());
  const change = await stack.stored();
  const path = `/v1/changes/${change.id}/events`;
  const headers = { accept: 'text/event-stream' };
  const streams = [await follow(few, change), await follow(few, change)];
  const third = await few.open(path, { headers });
  expect([third.status, third.headers.get('retry-after')]).toEqual([429, '15']);
  expect(await third.json()).toMatchObject({ code: 'rate_limited' });
  await follow(few, change, { as: 'dave' });
  // What is not live is no stream.
  expect((await few.call(path)).status).toBe(200);
  // A refusal takes no place.
  expect((await few.open(path, { headers: { ...headers, 'last-event-id': 'x' } })).status).toBe(400);
  streams[0]?.close();
  await eventually(async () => {
    const again = await few.open(path, { headers });
    await again.body?.cancel();
    return again.status === 200 ? true : null;
  });
});

test('a stream sends what there is and then what comes, also what another replica was asked', async () => {
  const change = await stack.stored();
  await append(change, 'change.requested');
  await sequenced(change);
  const streams = [await follow(stack.api, change), await follow(other, change, { as: 'dave' })];
  for (const stream of streams) await stream.until(1);
  const refused = await other.call(`/v1/changes/${change.id}/decisions`, {
    as: 'bob',
    body: { decision: 'approve', digest: 'e'.repeat(64) },
  });
  expect(refused.status).toBe(412);
  await append(change, 'change.prechecked');
  const indexes = await eventually(async () => {
    const all = await sequenced(change);
    return all.length === 3 ? all : null;
  });
  for (const stream of streams) {
    await stream.until(3);
    expect(stream.events.map(({ id }) => id)).toEqual(indexes);
    expect(stream.events.map(({ event }) => event)).toEqual([
      'change.requested',
      'decision.refused',
      'change.prechecked',
    ]);
    expect(stream.events.map(({ data }) => data.index)).toEqual(indexes);
    expect(stream.state.ended).toBe(false);
  }
});

test('a stream resumes after the index that was seen last', async () => {
  const change = await stack.stored();
  for (const type of ['change.requested', 'change.prechecked', 'change.scheduled'] as const) {
    await append(change, type);
  }
  const indexes = await sequenced(change);
  const stream = await follow(other, change, { headers: { 'last-event-id': String(indexes[1]) } });
  await stream.until(1);
  await append(change, 'attempt.started');
  await stream.until(2);
  expect(stream.events.map(({ event }) => event)).toEqual(['change.scheduled', 'attempt.started']);
});

test('a stream of a closed change ends once all of its entries were sent', async () => {
  const change = await stack.stored();
  await append(change, 'change.requested');
  const stream = await follow(stack.api, change);
  await stream.until(1);
  const outcome = { code: 'withdrawn', message: '' };
  await saveChange(stack.worker, closed(change, { decisionStatus: 'withdrawn', outcome }, Date.now()));
  await append(change, 'change.closed');
  await stream.end();
  expect(stream.events.map(({ event }) => event)).toEqual(['change.requested', 'change.closed']);

  const late = await follow(other, change);
  await late.end();
  expect(late.events.map(({ event }) => event)).toEqual(['change.requested', 'change.closed']);
});

test('a stream of a closed change waits for entries that have no index yet', async () => {
  const change = await stack.stored();
  const superuser = makePool({
    connectionString: stack.testbed.database.url('superuser'),
    applicationName: 'test superuser',
  });
  onTestFinished(() => superuser.end());
  const holder = await superuser.connect();
  // The sequencer needs this row.
  await holder.query('begin');
  await holder.query('select from audit.head for update');
  const outcome = { code: 'withdrawn', message: '' };
  await saveChange(stack.worker, closed(change, { decisionStatus: 'withdrawn', outcome }, Date.now()));
  await append(change, 'change.closed');
  const stream = await follow(stack.api, change);
  expect(await items(change)).toMatchObject([{ index: null, type: 'change.closed' }]);
  await holder.query('rollback');
  holder.release();
  await stream.end();
  expect(stream.events.map(({ event }) => event)).toEqual(['change.closed']);
});

test('a stream ends with its token', async () => {
  const change = await stack.stored();
  await append(change, 'change.requested');
  const token = await stack.testbed.identity.tokenFor('alice', { exp: Math.floor(Date.now() / 1000) + 6 });
  const stream = await follow(stack.api, change, { token });
  await stream.until(1);
  await stream.end();
});

test('more entries than a page: each once, in order', async () => {
  const change = await stack.stored();
  const count = 1100;
  // As one statement; a call each would take long.
  await stack.worker.query(
    `select audit.append('test/attempt.failed/' || $1 || '/' || n,
       convert_to(json_build_object('v', 1, 'type', 'attempt.failed', 'time', '2026-11-24T09:00:00.000Z',
                                    'changeId', $1)::text, 'UTF8'))
       from generate_series(1, $2::int) n`,
    [change.id, count],
  );
  const stream = await follow(stack.api, change);
  await stream.until(count);
  const indexes = await sequenced(change);
  expect(indexes).toHaveLength(count);
  expect(stream.events.map(({ id }) => id)).toEqual(indexes);
});

test('HEAD of a stream is no stream', async () => {
  const change = await stack.stored();
  const answer = await stack.api.call(`/v1/changes/${change.id}/events`, {
    method: 'HEAD',
    headers: { accept: 'text/event-stream' },
  });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
});

test.each(['', '-1', '1.5', 'x', '9'.repeat(16)])('the Last-Event-ID %s is refused', async (value) => {
  const change = await stack.stored();
  const response = await stack.api.open(`/v1/changes/${change.id}/events`, {
    headers: { accept: 'text/event-stream', 'last-event-id': value },
  });
  // Before the body is read: a stream would not end.
  expect(response.status).toBe(400);
  expect(((await response.json()) as Answer['body']).errors).toMatchObject([
    { field: 'Last-Event-ID', rule: 'format' },
  ]);
});
