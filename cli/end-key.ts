import { endedKeys } from '../audit/ended-keys.ts';
import { keyIdOf, rotationSigner } from '../audit/key-rotation.ts';
import { readNoteSigner } from '../audit/note-key.ts';
import { keysIn } from '../audit/verify/trusted-keys.ts';
import { CountersignError } from '../domain/error.ts';
import { always } from '../domain/key-period.ts';
import type { KeyPeriod } from '../domain/key-period.ts';
import type { KeyUse } from '../domain/key-rotation.ts';
import { textOf } from '../embedded/make-once.ts';
import type { Queryable } from '../store/queryable.ts';
import { endedKeyLines, keepEndedKey, readEndedKeys } from './ended-key-file.ts';
import type { Environment } from './environment.ts';
import { keyFilesOf } from './keys.ts';
import { rewriteKeyFile } from './rewrite-key-file.ts';
import { readRotations } from './rotation-files.ts';
import { writeTrustedKeys } from './trusted-keys.ts';

/** A key that is over, and what auditors are to put into their files. */
export interface EndedKeyReport {
  readonly use: KeyUse;
  readonly id: string;
  readonly beforeIndex: number;
  readonly lines: string;
}

/** What was revoked, and the index that holds: an earlier revocation may have a lower one. */
export interface RevokedKeyReport extends EndedKeyReport {
  readonly holds: number;
}

/**
 * `countersign keys rotate --finish`: keeps for auditors where the old keys of this home have ended, by the log, and lets the
 * signer forget the old one.
 *
 * @throws CountersignError `invalid_request` while the log does not say so of every one of them; `log_unavailable`
 */
export async function finishRotation(
  env: Environment,
  use: KeyUse,
  db: Queryable,
): Promise<EndedKeyReport[]> {
  const files = keyFilesOf(env, use);
  const ended = await endedKeys(db, use);
  const endOf = (publicKey: string) => {
    const id = keyIdOf(use, publicKey);
    return ended.find(({ rotation }) => keyIdOf(use, rotation.before) === id);
  };
  const reports: EndedKeyReport[] = [];
  for (const text of await rotatedKeys(env, use, files.privateKey)) {
    const end = endOf(text);
    const id = keyIdOf(use, text) ?? '';
    if (end === undefined)
      refuse(`no checkpoint of the log covers yet that the key ${id} has ended: ${waitFor[use]}`);
    const period = { ...always, beforeIndex: end.beforeIndex };
    const why = `the ${use} key ${id}, which ${keyIdOf(use, end.rotation.after) ?? ''} has followed`;
    await keepEndedKey(env.COUNTERSIGN_HOME, { text, period }, why);
    reports.push({ use, id, beforeIndex: end.beforeIndex, lines: endedKeyLines({ text, period }, why) });
  }
  if (reports.length === 0) refuse(`no key of ${use} was rotated in this home`);
  if (use === 'log') await forgetOldLogKey(files.privateKey);
  await writeTrustedKeys(env);
  return reports;
}

const waitFor: Record<KeyUse, string> = {
  statement: 'it says so ten minutes after an API was started with the new key',
  log: 'it says so once the signer was started with both',
  witness: 'it says so once a signer was started that has the file of the rotation',
};

/** The public keys that were rotated here. */
async function rotatedKeys(env: Environment, use: KeyUse, privateKey: string): Promise<string[]> {
  if (use !== 'log') return (await readRotations(env, use)).map(({ rotation }) => rotation.before);
  const keys = await logSigners(privateKey);
  return keys.slice(0, -1).map(({ publicKey }) => publicKey);
}

async function logSigners(privateKey: string) {
  const lines = ((await textOf(privateKey)) ?? '').split('\n').filter((line) => line.trim() !== '');
  return lines.map((line) => ({ line, publicKey: readNoteSigner(line).publicKey }));
}

async function forgetOldLogKey(privateKey: string): Promise<void> {
  const last = (await logSigners(privateKey)).at(-1);
  if (last) await rewriteKeyFile(privateKey, `${last.line.trim()}\n`);
}

/**
 * `countersign keys revoke`: keeps for auditors that a key is trusted for entries before an index alone, and takes it out of the
 * public keys that the processes of this home believe. A key of the log or of a witness is over at a moment as well: whoever has
 * it makes trees of any size.
 *
 * @param revoked - `id` as messages and files name the key; `before` in ms since 1970
 * @throws CountersignError `not_found` for a key that this home does not know; `invalid_request` for the one that signs now
 */
export async function revokeKey(
  env: Environment,
  revoked: { readonly id: string; readonly beforeIndex: number; readonly before: number },
): Promise<RevokedKeyReport> {
  const { COUNTERSIGN_HOME: home } = env;
  for (const use of ['statement', 'log', 'witness'] as const) {
    const { publicKey, privateKey } = keyFilesOf(env, use);
    const known = keysIn((await textOf(publicKey)) ?? '').map(({ text }) => text);
    const rotated = (await readRotations(env, use)).map(({ rotation }) => rotation.before);
    const isIt = (text: string) => {
      const id = keyIdOf(use, text);
      return id === revoked.id || id?.endsWith(`+${revoked.id}`) === true;
    };
    const text = [...known, ...rotated].find(isIt);
    if (text === undefined) continue;
    const left = known.filter((one) => !isIt(one));
    if (left.length === 0) {
      refuse(
        `${revoked.id} is the only key in ${publicKey}: make another one first, with countersign keys rotate`,
      );
    }
    await assertNotInUse(use, privateKey, isIt);
    const period: KeyPeriod = {
      ...always,
      beforeIndex: revoked.beforeIndex,
      before: use === 'statement' ? null : revoked.before,
    };
    const id = keyIdOf(use, text) ?? '';
    const why = `the ${use} key ${id}, revoked`;
    const earlier = (await readEndedKeys(home)).filter((key) => isIt(key.text));
    await keepEndedKey(home, { text, period }, why);
    if (left.length < known.length) {
      await rewriteKeyFile(publicKey, left.map((one) => `${one.trim()}\n`).join(''));
    }
    await writeTrustedKeys(env);
    const lines = endedKeyLines({ text, period }, why);
    const holds = Math.min(
      revoked.beforeIndex,
      ...earlier.flatMap(({ period: { beforeIndex } }) => beforeIndex ?? []),
    );
    return { use, id, beforeIndex: revoked.beforeIndex, holds, lines };
  }
  throw new CountersignError('not_found', `this home knows no public key ${revoked.id}`);
}

/**
 * Whether an index is one of the log's, or the next: a key that is believed up to a later one is not revoked at all today.
 * @throws CountersignError `invalid_request`
 */
export function assertWithinLog(index: number, size: number): void {
  if (index <= size) return;
  refuse(
    `the log has ${size} entries, so the key would go on being believed up to entry ${index}: give an index of at most ${size}, or --beyond-the-log`,
  );
}

/** The public half would come back with the next start, out of the private one. */
async function assertNotInUse(
  use: KeyUse,
  privateKey: string,
  isIt: (publicKey: string) => boolean,
): Promise<void> {
  const inUse = await publicKeysOf(use, privateKey);
  if (inUse.some(isIt)) {
    refuse(`${privateKey} still holds this key: countersign keys rotate ${use} first, and take it out there`);
  }
}

async function publicKeysOf(use: KeyUse, privateKey: string): Promise<string[]> {
  const text = await textOf(privateKey);
  if (text === null) return [];
  if (use === 'statement') return [rotationSigner(use, text).publicKey];
  return (await logSigners(privateKey)).map(({ publicKey }) => publicKey);
}

function refuse(message: string): never {
  throw new CountersignError('invalid_request', message);
}
