import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createGzip, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { jsonObjects } from '../../audit/reconcile/json-objects.ts';
import { readTrail } from '../../audit/reconcile/read-trail.ts';
import { changeOfSession } from '../../audit/reconcile/trail-event.ts';
import { freshPath } from './pack-file.ts';
import { sessionOf, trailEvent, trailFile } from './trail-fixture.ts';

const events = [
  trailEvent({ requestId: 'A' }),
  trailEvent({ requestId: 'B "}{[' }),
  trailEvent({ requestId: 'C' }),
];
const array = JSON.stringify(events);
const lines = events.map((event) => JSON.stringify(event)).join('\n');

async function requestIds(...paths: string[]): Promise<(string | null)[]> {
  const found = [];
  for await (const { requestId } of readTrail(paths)) found.push(requestId);
  return found;
}

describe('the forms that a trail comes in', () => {
  test.each<[string, string | Buffer]>([
    ['an array, as in OSS', array],
    ['the same, packed', gzipSync(array)],
    [
      'packed files put together',
      Buffer.concat([gzipSync(`[${JSON.stringify(events[0])}]`), gzipSync(JSON.stringify(events.slice(1)))]),
    ],
    ['written for people, with a byte order mark', `\ufeff${JSON.stringify(events, null, 2)}\n`],
    ['lines', `${lines}\n`],
    [
      'logs of SLS, the event as text',
      events
        .map((e) => JSON.stringify({ __topic__: 'actiontrail_audit_event', event: JSON.stringify(e) }))
        .join('\r\n'),
    ],
    [
      'logs of SLS, the event as an object',
      JSON.stringify(events.map((event) => ({ __topic__: 'actiontrail_audit_event', event }))),
    ],
    ['the answer of LookupEvents', JSON.stringify({ RequestId: 'x', NextToken: 'y', Events: events })],
  ])('%s', async (_name, content) => {
    expect(await requestIds(await trailFile(content))).toEqual(['A', 'B "}{[', 'C']);
  });

  test('a folder, to the bottom, and several paths', async () => {
    const folder = await freshPath('folder');
    await mkdir(join(folder, '2026', '11'), { recursive: true });
    await writeFile(join(folder, '2026', '11', 'b.gz'), gzipSync(array));
    await writeFile(join(folder, 'a.json'), JSON.stringify([trailEvent({ requestId: 'first' })]));
    await writeFile(join(folder, '.hidden'), 'no trail');
    expect(await requestIds(folder, await trailFile(lines))).toEqual(
      // By name: "2026" comes before "a.json".
      ['A', 'B "}{[', 'C', 'first', 'A', 'B "}{[', 'C'],
    );
  });

  test('wherever the text is cut into pieces', async () => {
    for (const text of [array, lines]) {
      const bytes = Buffer.from(text);
      for (const size of [1, 2, 3, 7, 100]) {
        const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
          bytes.subarray(i * size, (i + 1) * size),
        );
        const found = [];
        for await (const object of jsonObjects(Readable.from(pieces)))
          found.push(JSON.parse(object.toString()));
        expect(found).toEqual(events);
      }
    }
  });
});

describe('what is no trail', () => {
  test.each<[string, string | Buffer, string]>([
    ['an array that ends half-way', array.slice(0, -1), 'cut'],
    ['within an event', array.slice(0, -20), 'cut'],
    ['a packed file that ends half-way', gzipSync(array).subarray(0, 200), 'cut'],
    ['text', 'eventName,eventTime\nActiveCaCertificate,now\n', 'wrong_format'],
    ['a number', '7', 'wrong_format'],
    ['something else in JSON', '[{"a": 1}]', 'wrong_format'],
    [
      'another cloud’s events',
      JSON.stringify({ Records: [{ eventName: 'x', eventTime: 'y' }] }),
      'wrong_format',
    ],
    [
      'a time without a zone, which is another one on each machine',
      JSON.stringify([trailEvent({ eventTime: '2026-11-24T01:00:05' })]),
      'wrong_format',
    ],
    ['a time that is none', JSON.stringify([trailEvent({ eventTime: 'yesterday' })]), 'wrong_format'],
    ['an object that is no JSON', '[{"a": x}]', 'wrong_format'],
    ['a packed file with another byte in it', spoilt(gzipSync(array)), 'wrong_format'],
  ])('%s', async (_name, content, kind) => {
    await expect(requestIds(await trailFile(content))).rejects.toMatchObject({ name: 'BrokenTrail', kind });
  });

  test('nothing', async () => {
    await expect(requestIds('/nowhere')).rejects.toMatchObject({ kind: 'not_found' });
    expect(await requestIds(await trailFile('[]'), await trailFile(''))).toEqual([]);
  });
});

function spoilt(packed: Buffer): Buffer {
  const bytes = Buffer.from(packed);
  bytes[40] = (bytes[40] ?? 0) ^ 0xff;
  return bytes;
}

test('a session of a change bears its id; another one does not', () => {
  const id = 'dbeb9408-3227-8498-b105-242bb7d87ee5';
  const principal = { type: null, accountId: null, principalId: null, userName: null, accessKeyId: null };
  expect(changeOfSession({ ...principal, ...sessionOf(id) })).toBe(id);
  expect(changeOfSession({ ...principal, principalId: sessionOf(id)['principalId'] ?? '' })).toBe(id);
  expect(changeOfSession({ ...principal, userName: 'role:i-bp1234' })).toBeNull();
  expect(changeOfSession({ ...principal, userName: 'alice' })).toBeNull();
});

test('a hundred thousand events take no more memory than a thousand', { timeout: 120_000 }, async () => {
  const peaks = [];
  for (const count of [1000, 100_000]) {
    const path = await freshPath('many.json.gz');
    function* many() {
      yield '[';
      for (let i = 0; i < count; i += 1) {
        const eventName = i % 2 === 0 ? 'ActiveCaCertificate' : 'GetCaCertificate';
        const event = trailEvent({
          requestId: `R-${i}`,
          eventName,
          responseElements: { filler: 'x'.repeat(500) },
        });
        yield `${i === 0 ? '' : ','}${JSON.stringify(event)}`;
      }
      yield ']';
    }
    await pipeline(many, createGzip({ level: 1 }), createWriteStream(path));
    peaks.push(await peakOf(path, count));
  }
  const [few = 0, manyMore = 0] = peaks;
  // In kibibytes; the events are 130 MiB of text.
  expect(manyMore - few).toBeLessThan(64 * 1024);
});

/** The most memory that a process needs which compares a trail with a log that has nothing of it. */
async function peakOf(path: string, count: number): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    join(import.meta.dirname, 'reconcile-process.ts'),
    path,
  ]);
  const { events, differences, maxRss } = JSON.parse(stdout) as Record<string, number>;
  expect([events, differences]).toEqual([count, count / 2]);
  return maxRss ?? Infinity;
}
