import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { preparePack } from '../../../audit/pack/prepare-pack.ts';
import { openPack } from '../../../audit/verify/pack-source.ts';
import { readTrustedKeys } from '../../../audit/verify/trusted-keys.ts';
import type { StatementClaim } from '../../../audit/verify/judge-entries.ts';
import type { Verdict } from '../../../audit/verify/verdict.ts';
import { verifyPack } from '../../../audit/verify/verify-pack.ts';
import type { EntryBody } from '../../../domain/entry.ts';
import { createSignatureVerifier } from '../../../identity/statement-signer.ts';
import { memoryLog } from '../memory-log.ts';
import type { TestKeys } from '../memory-log.ts';
import type { JudgedLog } from './go-judge.ts';

/** A log that was written, sealed and cosigned. */
export interface SealedLog {
  readonly entries: readonly (EntryBody | Buffer)[];
  /** When the witness cosigned it, ms since the epoch. */
  readonly seenAt: number;
}

/** What the verifier says of a pack of the whole log. @param path - of a file for the pack, which is removed again */
export async function verifierSays(
  { entries, seenAt }: SealedLog,
  keys: TestKeys,
  path: string,
): Promise<Verdict> {
  const log = memoryLog(entries, keys);
  const checkpoint = await log.checkpoint(entries.length, seenAt);
  const source = { ...log, checkpoint, verifier: Buffer.from('//\n') };
  const request = { covers: { kind: 'range', from: 0, to: null }, since: null } as const;
  await pipeline((await preparePack(source, request)).stream(), createWriteStream(path));
  const trusted = readTrustedKeys([keys.trusted]);
  const check = createSignatureVerifier(trusted.statementKeys);
  const verdict = await verifyPack(await openPack(path), {
    ...{ keys: trusted, since: null, freshness: { at: seenAt, maxAge: null }, policies: null },
    verifyStatement: (claims: readonly StatementClaim[]) => claims.map(check),
  });
  await rm(path);
  return verdict;
}

/** The same log for the judge. */
export async function forJudge({ entries, seenAt }: SealedLog, keys: TestKeys): Promise<JudgedLog> {
  const log = memoryLog(entries, keys);
  const { note } = await log.checkpoint(entries.length, seenAt);
  return {
    entries: log.bytes.map((bytes) => `${bytes.toString()}\n`).join(''),
    checkpoint: note,
    keys: keys.trusted,
  };
}
