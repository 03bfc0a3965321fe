import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { acceptLoss, resumeSigning } from '../audit/admin-decision.ts';
import { openLogMemory } from '../audit/log-memory.ts';
import type { LogMemory } from '../audit/log-memory.ts';
import { generateNoteKey } from '../audit/note-key.ts';
import { CountersignError } from '../domain/error.ts';
import type { Environment } from './environment.ts';
import { logKeys, readSigners } from './keys.ts';
import { rewriteKeyFile } from './rewrite-key-file.ts';

/** What an admin says to a signer that has refused. */
export interface SigningDecision {
  readonly kind: 'resume' | 'accept-loss';
  readonly reason: string;
  readonly by: string;
}

/**
 * `countersign signer --resume` and `--accept-loss`: changes the memory of the signer in this home and ends. The signer, which
 * may be running, follows it and records it.
 *
 * @throws CountersignError `invalid_request` when the signer has not refused
 */
export async function decideSigning(env: Environment, decision: SigningDecision): Promise<LogMemory> {
  const memory = await openLogMemory(join(env.COUNTERSIGN_HOME, 'signer', 'memory'));
  const { kind, reason, by } = decision;
  const said = { reason, by, now: Date.now() };
  if (kind === 'resume') return resumeSigning(memory, said);
  const kept = (await memory.read())?.value;
  if (kept?.refusal == null) {
    throw new CountersignError(
      'invalid_request',
      'the signer has not refused to sign: there is nothing to decide',
    );
  }
  const files = await logKeys(env);
  let [key] = await readSigners(files.privateKey);
  // Another key than the memory's: this was begun before, or the admin has put it there.
  if (key === undefined || key.name === kept.origin) {
    if (env.COUNTERSIGN_LOG_KEY !== undefined) {
      throw new CountersignError(
        'invalid_configuration',
        `put a new key of another name than ${kept.origin} into ${files.privateKey}, then say it again`,
      );
    }
    const made = generateNoteKey(env.COUNTERSIGN_LOG_ORIGIN ?? nextOrigin(kept.origin));
    if (made.publicKey.startsWith(`${kept.origin}+`)) {
      throw new CountersignError(
        'invalid_configuration',
        `COUNTERSIGN_LOG_ORIGIN: expected another than ${kept.origin}`,
      );
    }
    await keep(files.privateKey);
    await rewriteKeyFile(files.privateKey, `${made.privateKey}\n`);
    await keep(files.publicKey);
    await rewriteKeyFile(files.publicKey, `${made.publicKey}\n`);
    [key] = await readSigners(files.privateKey);
  }
  if (key === undefined)
    throw new CountersignError('invalid_configuration', `${files.privateKey} has no key`);
  return acceptLoss(memory, { origin: key.name, keys: [key.publicKey] }, said);
}

/** The name of the log that follows: what is signed by the old key stays what it is. */
function nextOrigin(origin: string): string {
  const [, base = origin, number = '1'] = /^(.*)\/(\d+)$/.exec(origin) ?? [];
  return `${base}/${Number(number) + 1}`;
}

/** Copies a file beside itself, so that no key is ever lost: old checkpoints are checked with old keys. */
async function keep(file: string): Promise<void> {
  const text = await readFile(file);
  await writeFile(`${file}.${new Date().toISOString().replaceAll(':', '')}`, text, {
    mode: 0o600,
    flag: 'wx',
  });
}
