import type { Payload, PayloadCodec, SerializationContext } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { encryptedEncoding } from '../../codec/encrypted-payload.ts';
import { keyRing, newPayloadKey, payloadKeysText, readPayloadKeys } from '../../codec/key-ring.ts';
import type { KeyRing } from '../../codec/key-ring.ts';
import { withNextCurrent, withNextKey } from '../../codec/key-rotation.ts';
import { payloadCodec } from '../../codec/payload-codec.ts';
import type { PayloadUnreadable } from '../../codec/payload-unreadable.ts';
import { workerCodec } from '../../codec/worker-codec.ts';
import { answerEncodingMember, encodingOf } from '../../domain/answer-encoding.ts';
import { testKeys } from '../support/payload-keys.ts';
import { secretEncoding, strictCodec, strictHostCodec } from '../support/strict-codec.ts';

const here: SerializationContext = { type: 'workflow', namespace: 'ours', workflowId: 'change-1' };
const json = (value: unknown, metadata: Record<string, string> = {}): Payload => ({
  metadata: Object.fromEntries(
    Object.entries({ encoding: 'json/plain', ...metadata }).map(([name, text]) => [name, Buffer.from(text)]),
  ),
  data: Buffer.from(JSON.stringify(value)),
});
const ours = payloadCodec({ keys: testKeys, hostCodecs: [strictHostCodec] });

async function encoded(payload: Payload, codec: PayloadCodec = ours, context = here): Promise<Payload> {
  const [one] = await codec.encode([payload], context);
  if (!one) throw new Error('there is none');
  return one;
}
const whyNot = (payload: Payload, codec: PayloadCodec = ours, context?: SerializationContext) =>
  codec.decode([payload], context).then(
    () => null,
    (error: unknown) => (error as PayloadUnreadable).reason,
  );
const valueOf = ({ data }: Payload) => JSON.parse(Buffer.from(data ?? []).toString()) as unknown;

describe('encrypted payloads', () => {
  test('come back as they were, and say nothing of what they are', async () => {
    const plain = json({ sn: 'SN-1' }, { more: 'x' });
    const one = await encoded(plain);
    expect(encodingOf(one)).toBe(encryptedEncoding);
    expect(Object.keys(one.metadata ?? {}).sort()).toEqual([
      'encoding',
      'encryption-key-id',
      'encryption-namespace',
      'encryption-workflow-id',
    ]);
    expect(Buffer.from(one.data ?? []).includes('SN-1')).toBe(false);
    const [back] = await ours.decode([one], here);
    expect(Buffer.from(back?.metadata?.['more'] ?? []).toString()).toBe('x');
    expect(valueOf(back ?? {})).toEqual({ sn: 'SN-1' });
  });

  test('are never twice the same bytes', async () => {
    const all = await Promise.all(Array.from({ length: 500 }, () => encoded(json(1))));
    expect(
      new Set(
        all.map(({ data }) =>
          Buffer.from(data ?? [])
            .subarray(0, 12)
            .toString('hex'),
        ),
      ).size,
    ).toBe(500);
  });

  test('of which any byte was altered are not believed', async () => {
    const one = await encoded(json({ a: 1 }));
    const bytes = Buffer.from(one.data ?? []);
    for (let at = 0; at < bytes.length; at += 1) {
      const altered = Buffer.from(bytes);
      altered[at] = (altered[at] ?? 0) ^ 0x80;
      expect(await whyNot({ ...one, data: altered }, ours, here), `byte ${at}`).toBe('not_authentic');
    }
    for (const cut of [0, 1, 12, 27, bytes.length - 1])
      expect(await whyNot({ ...one, data: bytes.subarray(0, cut) }, ours, here), `cut ${cut}`).toBe(
        'not_authentic',
      );
  });

  test('whose place was changed are not believed, nor in another place', async () => {
    const one = await encoded(json({ a: 1 }));
    for (const [name, value] of [
      ['encryption-namespace', 'theirs'],
      ['encryption-workflow-id', 'change-2'],
    ] as const) {
      const moved = { ...one, metadata: { ...one.metadata, [name]: Buffer.from(value) } };
      expect(await whyNot(moved)).toBe('not_authentic');
      const { [name]: _, ...bare } = one.metadata ?? {};
      expect(await whyNot({ ...one, metadata: bare })).toBe('not_authentic');
    }
    expect(await whyNot(one, ours, { ...here, workflowId: 'change-2' })).toBe('not_authentic');
    expect(await whyNot(one, ours, { ...here, namespace: 'theirs' })).toBe('not_authentic');
    const activity = { type: 'activity', isLocal: false, namespace: 'ours', workflowId: 'change-1' } as const;
    expect(await whyNot(one, ours, activity)).toBe(null);
    // A history that is replayed elsewhere.
    const unbound = payloadCodec({ keys: testKeys, bound: false });
    expect(await whyNot(one, unbound, { ...here, workflowId: 'fake' })).toBe(null);
  });

  test('need their key', async () => {
    const one = await encoded(json(1));
    expect(await whyNot(one, payloadCodec({ keys: keyRing([newPayloadKey('current')]) }))).toBe(
      'key_missing',
    );
    expect(await whyNot(one, payloadCodec({}))).toBe('key_missing');
    const told: string[] = [];
    const telling = payloadCodec({ onUnreadable: ({ message }) => told.push(message) });
    await whyNot(one, telling);
    expect(told).toHaveLength(1);
  });
});

test.each(['0', '', 'A'.repeat(16), '0123456789abcdef0', 'key_missing'])(
  'an encrypted payload that names %j as its key is not authentic: such a key never comes',
  async (id) => {
    const one = await encoded(json(1));
    const named = { ...one, metadata: { ...one.metadata, 'encryption-key-id': Buffer.from(id) } };
    for (const codec of [ours, payloadCodec({})])
      expect(await whyNot(named, codec, here)).toBe('not_authentic');
    const [back] = await workerCodec(ours).decode([named], here);
    expect(valueOf(back ?? {})).toEqual({ countersignUnreadable: expect.any(String) as string });
  },
);

describe('other encodings', () => {
  test('plain ones pass, whether there are keys or not', async () => {
    for (const codec of [ours, payloadCodec({})]) expect(await whyNot(json(1), codec, here)).toBe(null);
    expect(encodingOf(await encoded(json(1), payloadCodec({})))).toBe('json/plain');
  });

  test('an unknown one is named', async () => {
    const one = { metadata: { encoding: Buffer.from('binary/nobody') }, data: Buffer.from('x') };
    await expect(ours.decode([one], here)).rejects.toThrow(/binary\/nobody/);
    expect(await whyNot(one)).toBe('unknown_encoding');
    // As Protocol Buffers have a value of no bytes.
    const empty = { encoding: [] as unknown as Uint8Array };
    for (const metadata of [{}, empty, undefined])
      expect(await whyNot({ ...(metadata && { metadata }), data: Buffer.from('x') })).toBe(
        'unknown_encoding',
      );
  });

  test('what a workflow says to a host is in the host’s, and nothing tells of the wish', async () => {
    const answer = (encoding: string) => encoded(json({ a: 1 }, { [answerEncodingMember]: encoding }));
    for (const encoding of ['json/plain', secretEncoding, encryptedEncoding]) {
      const one = await answer(encoding);
      expect(encodingOf(one)).toBe(encoding);
      const [back] = await ours.decode([one], here);
      expect(valueOf(back ?? {})).toEqual({ a: 1 });
      expect(Object.keys(back?.metadata ?? {})).toEqual(['encoding']);
    }
    await expect(answer('binary/nobody')).rejects.toThrow(/binary\/nobody/);
    const told: string[] = [];
    const telling = payloadCodec({ onUnreadable: ({ message }) => told.push(message) });
    await telling
      .encode([json(1, { [answerEncodingMember]: 'binary/nobody' })], here)
      .catch(() => told.push('thrown'));
    expect(told).toEqual([expect.stringContaining('binary/nobody'), 'thrown']);
  });

  test('what a host’s codec has around something else than plain JSON is unknown, too', async () => {
    for (const encoding of ['json/protobuf', 'binary/nobody', secretEncoding]) {
      const inner = { metadata: { encoding: Buffer.from(encoding) }, data: Buffer.from('{}') };
      const [sent] = await strictCodec.encode([inner]);
      expect(await whyNot(sent ?? {})).toBe('unknown_encoding');
      await expect(ours.decode([sent ?? {}], here)).rejects.toThrow(encoding);
    }
  });
});

describe('a worker', () => {
  test('hands on what is nested 200 levels deep, and not what would overflow a stack', async () => {
    const nested = (levels: number, inner = '') => ({
      ...json(1),
      data: Buffer.from(`${'['.repeat(levels - 1)}{"a":"]}[\\"[${inner}"}${']'.repeat(levels - 1)}`),
    });
    for (const [payload, reads] of [
      [nested(200), true],
      [nested(1, '['.repeat(5000)), true],
      [nested(201), false],
      [nested(5000), false],
      [nested(1_000_000), false],
    ] as const) {
      const [back] = await worker.decode([payload], here);
      const unreadable = { countersignUnreadable: expect.stringContaining('nested deeper') as string };
      expect(back === payload).toBe(reads);
      if (!reads) expect(valueOf(back ?? {})).toEqual(unreadable);
    }
  });

  test('reads what is no JSON in one pass, however it is quoted', async () => {
    const [back] = await worker.decode([{ ...json(1), data: Buffer.from('\\"'.repeat(500_000)) }], here);
    expect(valueOf(back ?? {})).toEqual({
      countersignUnreadable: expect.stringContaining('no JSON') as string,
    });
  });

  const worker = workerCodec(ours);
  const bad = { metadata: { encoding: Buffer.from('binary/nobody') }, data: Buffer.from('x') };
  const activity: SerializationContext = {
    type: 'activity',
    isLocal: false,
    namespace: 'ours',
    workflowId: 'change-1',
  };

  test('hands a workflow a word in the place of what will never be readable', async () => {
    const swapped = await encoded(json(1), ours, { ...here, workflowId: 'change-2' });
    const noJson = { ...json(1), data: Buffer.from('{"cut sho') };
    for (const payload of [bad, swapped, noJson]) {
      const [back] = await worker.decode([payload], here);
      expect(valueOf(back ?? {})).toEqual({ countersignUnreadable: expect.any(String) as string });
    }
  });

  test('waits for a key, for a host’s codec that refuses, and for what its own activities have answered', async () => {
    const keyless = workerCodec(payloadCodec({}));
    expect(await whyNot(await encoded(json(1)), keyless, here)).toBe('key_missing');
    const theirs = { metadata: { encoding: Buffer.from(secretEncoding) }, data: Buffer.from('garbage') };
    expect(await whyNot(theirs, worker, here)).toBe('codec_refused');
    const swapped = await encoded(json(1), ours, { ...here, workflowId: 'change-2' });
    expect(await whyNot(swapped, worker, activity)).toBe('not_authentic');
    // A host's own worker may have answered it.
    expect(await whyNot(bad, worker, activity)).toBe(null);
  });
});

describe('a file of keys', () => {
  const key = newPayloadKey('current');
  const text = payloadKeysText([key]);

  test('is read as it was written, with comments', () => {
    expect(readPayloadKeys(`# keys\n\n${text}`, 'f')).toEqual([key]);
  });

  test.each([
    ['', 'one key that is current'],
    [text.replace('current', 'old'), 'one key that is current'],
    [text.replace('current', 'next') + text.replace('current', 'old'), 'one key that is current'],
    [payloadKeysText([newPayloadKey('next'), newPayloadKey('next')]), 'one key that is current'],
    [text + payloadKeysText([newPayloadKey('current')]), 'one key that is current'],
    [text + text.replace('current', 'old'), 'twice'],
    [text.replace('current ', ''), 'current, next or old'],
    ['current AAAA\n', '32 bytes'],
    [`current ${'!'.repeat(44)}\n`, 'current, next or old'],
  ])('wrong: %j', (wrong, why) => {
    expect(() => readPayloadKeys(wrong, 'f')).toThrow(why);
    const secret = Buffer.from(key.bytes).toString('base64');
    expect(() => readPayloadKeys(wrong, 'f')).not.toThrow(secret);
  });

  test('with a first key that is next alone, a process writes in plain and reads what the next step writes', async () => {
    const first = readPayloadKeys(payloadKeysText([newPayloadKey('next')]), 'f');
    const [before, after] = [keyRing(first), keyRing(withNextCurrent(first) ?? [])];
    expect(before.current()).toBe(null);
    const plain = await encoded(json(1), payloadCodec({ keys: before }));
    expect(plain).toEqual(json(1));
    const secret = await encoded(json(1), payloadCodec({ keys: after }));
    expect(secret).not.toEqual(json(1));
    for (const [one, reader] of [
      [plain, after],
      [secret, before],
    ] as const)
      expect(await whyNot(one, payloadCodec({ keys: reader }), here)).toBe(null);
  });

  test('rotates in two steps, in each of which all can read', async () => {
    const step = (ring: KeyRing) => payloadCodec({ keys: ring });
    const rings = [[key], withNextKey([key])];
    rings.push(withNextCurrent(rings[1] ?? []) ?? []);
    expect(rings.map((keys) => keys.map(({ use }) => use))).toEqual([
      ['current'],
      ['current', 'next'],
      ['old', 'current'],
    ]);
    for (let at = 1; at < rings.length; at += 1) {
      const [before, after] = [keyRing(rings[at - 1] ?? []), keyRing(rings[at] ?? [])];
      for (const [by, reader] of [
        [before, after],
        [after, before],
      ] as const)
        expect(await whyNot(await encoded(json(1), step(by)), step(reader), here)).toBe(null);
    }
    // Once more is no other key.
    expect(withNextKey(rings[1] ?? [])).toEqual(rings[1]);
    expect(withNextCurrent([key])).toBe(null);
  });
});
