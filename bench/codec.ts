import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { SerializationContext } from '@temporalio/common';
import { keyRing, newPayloadKey } from '../codec/key-ring.ts';
import { payloadCodec } from '../codec/payload-codec.ts';
import { rounded } from './measure.ts';

const sizes = [1000, 10_000];
const context: SerializationContext = { type: 'workflow', namespace: 'bench', workflowId: 'change-1' };

/** A payload encrypted and decrypted by the codec, beside AES-256-GCM alone on the same bytes: µs for both ways, the best round. */
export async function benchCodec({
  rounds,
  payloads,
}: {
  readonly rounds: number;
  readonly payloads: number;
}) {
  const key = newPayloadKey('current');
  const codec = payloadCodec({ keys: keyRing([key]) });
  const results: Record<string, unknown> = { payloads };
  for (const bytes of sizes) {
    const data = Buffer.from(
      JSON.stringify(
        randomBytes(bytes)
          .toString('base64')
          .slice(0, bytes - 2),
      ),
    );
    const payload = { metadata: { encoding: Buffer.from('json/plain') }, data };
    const best = { codec: Infinity, plain: Infinity };
    for (let round = 0; round < rounds; round += 1) {
      best.codec = Math.min(
        best.codec,
        await timed(payloads, async () => codec.decode(await codec.encode([payload], context), context)),
      );
      best.plain = Math.min(
        best.plain,
        await timed(payloads, () => Promise.resolve(thereAndBack(data, key.bytes))),
      );
    }
    const micros = (ms: number) => rounded((ms * 1000) / payloads);
    results[`${bytes} bytes`] = {
      microseconds: { codec: micros(best.codec), plain: micros(best.plain) },
      ratio: rounded(best.codec / best.plain),
    };
  }
  return results;
}

async function timed(repeats: number, work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < repeats; i += 1) await work();
  return performance.now() - start;
}

function thereAndBack(data: Uint8Array, key: Uint8Array): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  const sealed = Buffer.concat([cipher.update(data), cipher.final()]);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce);
  decipher.setAuthTag(cipher.getAuthTag());
  return Buffer.concat([decipher.update(sealed), decipher.final()]);
}
