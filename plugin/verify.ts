import { openCheckpointOf } from '../audit/pack/published-checkpoint.ts';
import { openPack } from '../audit/verify/pack-source.ts';
import { readTrustedKeys } from '../audit/verify/trusted-keys.ts';
import type { Verdict } from '../audit/verify/verdict.ts';
import { verifyPack } from '../audit/verify/verify-pack.ts';
import { createSignatureVerifier } from '../identity/statement-signer.ts';

export type { KeyUse } from '../domain/key-rotation.ts';
export { resultOfKind } from '../audit/verify/finding.ts';
export { exceptionKinds } from '../audit/exceptions/exception.ts';
export { appenderOfType } from '../domain/entry.ts';
export { verdictLines } from '../audit/verify/verdict.ts';
export type { Exception, ExceptionKind } from '../audit/exceptions/exception.ts';
export type { Exceptions } from '../audit/exceptions/collect-exceptions.ts';
export type { Coverage } from '../audit/pack/manifest.ts';
export type { Finding, FindingKind } from '../audit/verify/finding.ts';
export type { FollowedRotation } from '../audit/verify/follow-keys.ts';
export type { Freshness } from '../audit/verify/judge-freshness.ts';
export type { Verdict } from '../audit/verify/verdict.ts';
export type { EventType } from '../domain/entry.ts';

/** What an auditor brings. */
export interface EvidenceOptions {
  /** Texts of files of trusted keys, at least one: the log's, the witnesses', the API's. Never those out of the pack. */
  readonly keys: readonly string[];
  /** The note of the last checkpoint that the auditor has: the pack's has to continue it. */
  readonly since?: string;
  /** How old the newest cosignature may be, ms; any age when left out. */
  readonly maxAgeMs?: number;
  /** By which clock, ms since 1970; this machine's when left out. */
  readonly at?: number;
  /** Digests of the policies that were in force; when left out, any may have been, and the verdict says so. */
  readonly policies?: readonly string[];
}

/**
 * Verifies an evidence pack by the rules and the bytes, as `verify.mjs` does, without network, database and environment.
 *
 * @param pack - the path of a `.tgz` or of the folder that it was unpacked into
 * @returns the verdict; `result` is `valid`, `tampered` or `incomplete`
 * @throws Error in words where keys or checkpoint cannot be read, or the pack cannot be opened
 */
export async function verifyEvidence(pack: string, options: EvidenceOptions): Promise<Verdict> {
  const { keys, since = null, maxAgeMs = null, at = Date.now(), policies } = options;
  if (keys.length === 0) throw new Error('keys: give at least one text of trusted keys');
  const trusted = readTrustedKeys(keys);
  if (since !== null) openCheckpointOf({ note: since });
  const pems = trusted.statementKeys.map(({ pem }) => pem);
  const check = createSignatureVerifier(pems);
  return verifyPack(await openPack(pack), {
    keys: trusted,
    since,
    freshness: { at, maxAge: maxAgeMs },
    policies: policies === undefined ? null : new Set(policies),
    verifyStatement: pems.length === 0 ? null : (claims) => claims.map(check),
  });
}
