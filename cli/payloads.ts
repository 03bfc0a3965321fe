import type { Logger } from 'pino';
import { z } from 'zod';
import type { PayloadOptions } from '../codec/data-converter.ts';
import { encryptedEncoding } from '../codec/encrypted-payload.ts';
import { claimedTwice } from '../codec/host-codec.ts';
import type { HostCodec } from '../codec/host-codec.ts';
import { plainEncodings } from '../domain/answer-encoding.ts';
import type { RaiseAlarm } from '../domain/alarm.ts';
import { CountersignError } from '../domain/error.ts';
import type { Environment } from './environment.ts';
import { exportsOf } from './module-exports.ts';
import { openPayloadKeys } from './payload-keys.ts';

/** How often one and the same trouble with payloads is an alarm, ms: a task that fails is tried again and again. */
const alarmEveryMs = 60_000;

const isCodec = (value: unknown): boolean => {
  const { encode, decode } = (value ?? {}) as Partial<Record<'encode' | 'decode', unknown>>;
  return typeof encode === 'function' && typeof decode === 'function';
};
const hostCodec = z.strictObject({
  encodings: z
    .array(z.string().min(1))
    .min(1)
    .refine((encodings) => encodings.every((one) => !plainEncodings.has(one) && one !== encryptedEncoding), {
      error: 'one of them is plain, or Countersign’s own',
    }),
  payloadCodecs: z.array(z.custom<unknown>(isCodec, { error: 'expected a PayloadCodec' })).min(1),
  taskQueues: z.array(z.string().min(1)).optional(),
});

/**
 * How this process stores payloads, and which it reads: COUNTERSIGN_PAYLOAD_KEYS and COUNTERSIGN_HOST_CODECS.
 *
 * @throws CountersignError `invalid_configuration`
 */
export async function openPayloads(
  env: Pick<Environment, 'COUNTERSIGN_HOME' | 'COUNTERSIGN_PAYLOAD_KEYS' | 'COUNTERSIGN_HOST_CODECS'>,
  log: Pick<Logger, 'info' | 'warn' | 'error'>,
  alarm?: RaiseAlarm,
): Promise<PayloadOptions & { readonly hostCodecs: readonly HostCodec[] }> {
  const hostCodecs = await readHostCodecs(env);
  const keys = await openPayloadKeys(env, log);
  const raised = new Map<string, number>();
  return {
    keys,
    hostCodecs,
    onUnreadable({ message, reason }, place) {
      const now = Date.now();
      if (now - (raised.get(message) ?? -Infinity) < alarmEveryMs) return;
      if (raised.size > 1000) raised.clear();
      raised.set(message, now);
      alarm?.('payload_unreadable', message, { reason, ...place });
    },
  };
}

/** How hosts encode what they ask for: COUNTERSIGN_HOST_CODECS. @throws CountersignError `invalid_configuration` */
export async function readHostCodecs(
  env: Pick<Environment, 'COUNTERSIGN_HOST_CODECS'>,
): Promise<HostCodec[]> {
  const found = await exportsOf('COUNTERSIGN_HOST_CODECS', env.COUNTERSIGN_HOST_CODECS, readHostCodec);
  const twice = claimedTwice(found);
  if (twice !== null) throw wrong(`the ${twice} is listed twice, and can have one codec`);
  return found;
}

function wrong(message: string): CountersignError {
  const field = 'COUNTERSIGN_HOST_CODECS';
  return new CountersignError('invalid_configuration', `${field}: ${message}`, {
    errors: [{ field, rule: 'once', message }],
  });
}

function readHostCodec(value: unknown): HostCodec {
  const read = hostCodec.safeParse(value);
  if (read.success) return value as HostCodec;
  const [issue] = read.error.issues;
  throw new TypeError(
    `${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? 'expected encodings and payloadCodecs'}`,
  );
}
