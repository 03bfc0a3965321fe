import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { newPayloadKey, payloadKeysText } from '../../codec/key-ring.ts';
import { examinePayloads } from '../../cli/doctor-payloads.ts';

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'countersign-doctor-'));
  onTestFinished(() => rm(made, { recursive: true }));
  return made;
}

test('doctor looks at the file of payload keys as a process would, and tells no key', async () => {
  const file = join(await folder(), 'payload.keys');
  const [current, next] = [newPayloadKey('current'), newPayloadKey('next')];
  const look = async () => (await examinePayloads({ COUNTERSIGN_PAYLOAD_KEYS: file }))[0];
  const missing = await look();
  expect(missing).toMatchObject({ name: 'Payload keys', ok: false });
  expect(missing?.remedy).toContain('countersign keys makes one');
  const text = payloadKeysText([current, next]);
  await writeFile(file, text, { mode: 0o640 });
  const found = `${file}: current ${current.id}, next ${next.id}`;
  expect(await look()).toEqual({ name: 'Payload keys', ok: true, found, remedy: '' });
  await writeFile(file, payloadKeysText([next]));
  expect(await look()).toMatchObject({
    ok: true,
    found: expect.stringContaining('no current key') as string,
  });
  await chmod(file, 0o644);
  expect(await look()).toMatchObject({ ok: false, found: expect.stringContaining('mode 644') as string });
  await chmod(file, 0o600);
  await writeFile(file, text.replace('current', 'old'));
  const bad = await look();
  expect(bad).toMatchObject({
    ok: false,
    found: expect.stringContaining('one key that is current') as string,
  });
  const secret = Buffer.from(current.bytes).toString('base64');
  expect(JSON.stringify(bad)).not.toContain(secret);
});

test('doctor tells which host codecs there are, and says nothing of what is not configured', async () => {
  expect(await examinePayloads({})).toEqual([null, null]);
  const file = join(await folder(), 'codec.mjs');
  const codec = '{ encode: async (p) => p, decode: async (p) => p }';
  await writeFile(file, `export default { encodings: ['binary/theirs'], payloadCodecs: [${codec}] }`);
  const look = async () => (await examinePayloads({ COUNTERSIGN_HOST_CODECS: file }))[1];
  expect(await look()).toEqual({
    ...{ name: 'Host codecs', ok: true, found: 'for payloads in binary/theirs', remedy: '' },
  });
  const missing = await examinePayloads({ COUNTERSIGN_HOST_CODECS: `${file}.none` });
  expect(missing[1]).toMatchObject({ ok: false, found: expect.stringContaining('codec.mjs.none') as string });
});
