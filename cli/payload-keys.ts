import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Logger } from 'pino';
import { newPayloadKey, payloadKeysText, readPayloadKeys } from '../codec/key-ring.ts';
import type { KeyRing, PayloadKey } from '../codec/key-ring.ts';
import { withNextCurrent, withNextKey } from '../codec/key-rotation.ts';
import { CountersignError } from '../domain/error.ts';
import { makeOnce } from '../embedded/make-once.ts';
import type { Environment } from './environment.ts';
import { rereadRing } from './reread-ring.ts';
import { rereadOnHangup } from './reread.ts';
import { rewriteKeyFile } from './rewrite-key-file.ts';
import { readTextFile } from './text-file.ts';

type Keys = Pick<Environment, 'COUNTERSIGN_HOME' | 'COUNTERSIGN_PAYLOAD_KEYS'>;

/** The file of the keys, be it there or not. */
export function payloadKeyFile(env: Keys): string {
  return env.COUNTERSIGN_PAYLOAD_KEYS ?? ownFile(env);
}

/** The file that a home makes. */
function ownFile({ COUNTERSIGN_HOME: home }: Pick<Keys, 'COUNTERSIGN_HOME'>): string {
  return join(home, 'payload', 'payload.keys');
}

/**
 * The file of the keys. The home's own is made where there is none, for its owner alone, also where the environment names just that
 * one. A file elsewhere is never made: it may be on a disk that is not there yet, and another key would read nothing.
 */
export async function payloadKeys(env: Keys): Promise<string> {
  const file = payloadKeyFile(env);
  if (resolve(file) === resolve(ownFile(env)))
    await makeOnce(file, () => payloadKeysText([newPayloadKey('current')]));
  return file;
}

/**
 * The ring that this process encrypts and reads with; null where COUNTERSIGN_PAYLOAD_KEYS is not set. The file is read again on
 * SIGHUP, and when a payload needs a key that is not on the ring.
 *
 * @throws CountersignError `invalid_configuration`
 */
export async function openPayloadKeys(
  { COUNTERSIGN_PAYLOAD_KEYS: file }: Keys,
  log: Pick<Logger, 'info' | 'warn' | 'error'>,
): Promise<KeyRing | null> {
  if (file === undefined) return null;
  let encrypts = false as boolean;
  const read = async (): Promise<PayloadKey[]> => {
    const keys = await readKeys(file);
    const hasCurrent = keys.some(({ use }) => use === 'current');
    if (encrypts && !hasCurrent)
      throw new CountersignError(
        'invalid_configuration',
        `${file} must keep a key that is current: what is stored would be plain again`,
      );
    encrypts = hasCurrent;
    return keys;
  };
  const onHangup = await rereadOnHangup(read, log, 'the payload keys');
  if (!encrypts) log.warn(`no payload is encrypted yet: ${file} has no key that is current`);
  return rereadRing(onHangup, read, (err) => {
    log.error({ err: err as Error }, 'the payload keys could not be read again; those of before hold');
  });
}

/** What a step of a rotation has made. */
export interface RotatedPayloadKeys {
  readonly file: string;
  readonly keys: readonly Pick<PayloadKey, 'id' | 'use'>[];
}

/** Adds a key that only reads as yet. Where there is one already, it stays. @throws CountersignError `invalid_configuration` */
export async function addNextPayloadKey(env: Keys): Promise<RotatedPayloadKeys> {
  const file = payloadKeyFile(env);
  return write(file, withNextKey(await readKeys(file)));
}

/** Has the next key write from now on. @throws CountersignError `invalid_configuration` where there is none */
export async function useNextPayloadKey(env: Keys): Promise<RotatedPayloadKeys> {
  const file = payloadKeyFile(env);
  const keys = withNextCurrent(await readKeys(file));
  if (keys !== null) return write(file, keys);
  throw new CountersignError(
    'invalid_configuration',
    `${file} has no next key: countersign keys rotate payload adds one, and every process has to have it first`,
  );
}

async function write(file: string, keys: readonly PayloadKey[]): Promise<RotatedPayloadKeys> {
  await rewriteKeyFile(file, payloadKeysText(keys));
  return { file, keys: keys.map(({ id, use }) => ({ id, use })) };
}

/** The keys of a file that not everybody may use. @throws CountersignError `invalid_configuration` */
export async function readKeys(file: string): Promise<PayloadKey[]> {
  const text = await readTextFile(file, 'COUNTERSIGN_PAYLOAD_KEYS');
  const { mode } = await stat(file);
  if ((mode & 0o007) === 0) return readPayloadKeys(text, file);
  const message = `may be used by everybody (mode ${(mode & 0o777).toString(8)}); remedy: chmod o= ${file}`;
  throw new CountersignError('invalid_configuration', `${file} ${message}`, {
    errors: [{ field: 'COUNTERSIGN_PAYLOAD_KEYS', rule: 'mode', message }],
  });
}
