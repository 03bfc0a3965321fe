import { verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { EntryBody } from '../../domain/entry.ts';
import { refusalByPeriod } from '../../domain/key-period.ts';
import type { Signed } from '../../domain/key-period.ts';
import { rotationsIn } from '../../domain/key-rotation.ts';
import type { KeyUse, SignedRotation } from '../../domain/key-rotation.ts';
import { readStatementKey } from '../../identity/statement-key.ts';
import { isCrossSigned, keyIdOf } from '../key-rotation.ts';
import type { Findings } from './finding.ts';
import type { StatementClaim } from './statement-claim.ts';
import { trustedNoteKey, trustedStatementKey } from './trusted-keys.ts';
import type { TrustedKeys, TrustedNoteKey, TrustedStatementKey } from './trusted-keys.ts';

/** A rotation that the verifier follows: the entry names the key that is trusted from it on, and that the auditor's file lacks. */
export interface FollowedRotation {
  readonly index: number;
  readonly use: KeyUse;
  /** Ids of the keys. */
  readonly before: string;
  readonly after: string;
  /** Whether the key before is no longer trusted from this entry on. */
  readonly ends: boolean;
}

/** Says by when a trusted witness had seen an entry, ms since 1970; null where none had. To be asked in the log's order. */
export type SeenAt = (index: number) => number | null;

/**
 * The keys that are trusted while the entries are read: those that the auditor gave, each in its period, and those that follow
 * them by an entry that both have signed. What the auditor's file says of a key's end stands above what entries say.
 */
export function followKeys(given: TrustedKeys, seenAt: SeenAt, findings: Findings) {
  const keys = {
    statement: new Map(given.statementKeys.map((key) => [key.id, key])),
    log: new Map(given.logs.map((key) => [key.id, key])),
    witness: new Map(given.witnesses.map((key) => [key.id, key])),
  };
  const all = [...given.statementKeys, ...given.logs, ...given.witnesses];
  const isEnded = ({ period }: (typeof all)[number]) => period.beforeIndex !== null || period.before !== null;
  const isGiven = new Set(all.map(({ id }) => id));
  /** Keys whose end the auditor knows. */
  const ended = new Set(all.filter(isEnded).map(({ id }) => id));
  /** Keys of the API that `verifyStatement` does not know. */
  const reached = new Map<string, KeyObject>();
  const followed: FollowedRotation[] = [];
  /** Whether an entry so far has moved a key of the log or of a witness, so that the checkpoint is looked at again. */
  let areNoteKeysMoved = false;
  /** Words to stop and to go on that were believed: a worker that hears them late tells them again. */
  const heard = new Set<string>();

  function signedAt(index: number, time: string): Signed {
    const saidAt = Date.parse(time);
    return {
      index,
      saidAt: Number.isNaN(saidAt) ? null : saidAt,
      seenAt: seenAt(index),
      indexIsProved: true,
    };
  }

  function follow(index: number, { time, ...body }: EntryBody, signed: SignedRotation): void {
    const { use, before: beforeText, after: afterText } = signed.rotation;
    const [beforeId, afterId] = [keyIdOf(use, beforeText) ?? '', keyIdOf(use, afterText) ?? ''];
    const before = keys[use].get(beforeId);
    // Of a key that nobody trusts, nothing follows.
    if (before === undefined) return;
    const at = { index, code: 'rotation' };
    if (!isCrossSigned(signed)) {
      findings.add(
        'badly_signed',
        `tells that key ${afterId} follows ${beforeId}, which both have not signed`,
        at,
      );
      return;
    }
    const refusal = refusalByPeriod(before.period, signedAt(index, time));
    if (refusal !== null) {
      // After a key was stolen its owner names another one, too; whoever trusts that already learns nothing from it.
      if (keys[use].has(afterId)) return;
      const why = refusal === 'outside' ? 'was not trusted' : 'may not have been trusted';
      const kind = refusal === 'outside' ? 'badly_signed' : 'unchecked';
      findings.add(kind, `names the key ${afterId} that follows ${beforeId}, which ${why} any more`, at);
      return;
    }
    const ends = body['ends'] === true;
    if (!keys[use].has(afterId)) {
      // Whoever has an old log key makes a tree of their own with any index: where its end is known, so is what follows it.
      if (use !== 'statement' && ended.has(beforeId)) return;
      reach(use, afterText, index);
    }
    if (ends && before.period.beforeIndex === null) end(use, before, index);
    areNoteKeysMoved ||= use !== 'statement';
    if (!isGiven.has(afterId)) followed.push({ index, use, before: beforeId, after: afterId, ends });
  }

  function reach(use: KeyUse, text: string, fromIndex: number): void {
    const period = { fromIndex, beforeIndex: null, after: null, before: null };
    if (use === 'statement') {
      const key = trustedStatementKey(text, period);
      keys.statement.set(key.id, key);
      const object = readStatementKey(text);
      if (object !== null) reached.set(key.id, object);
    } else {
      const key = trustedNoteKey(text, period);
      keys[use].set(key.id, key);
    }
  }

  function end(use: KeyUse, key: TrustedStatementKey | TrustedNoteKey, beforeIndex: number): void {
    const over = { ...key, period: { ...key.period, beforeIndex } };
    (keys[use] as Map<string, typeof over>).set(key.id, over);
  }

  return {
    /** To be called for every entry, in the log's order. */
    see(index: number, body: EntryBody): void {
      for (const signed of rotationsIn(body)) follow(index, body, signed);
    },
    /** Why a statement that an entry has is not believed, whoever signed it; null: it may be. */
    refusal(index: number, { type, time }: EntryBody, claim: StatementClaim): 'outside' | 'unproven' | null {
      const key = keys.statement.get(claim.keyId);
      // Whose key is not known at all, its signature says.
      if (key === undefined) return null;
      const refusal = refusalByPeriod(key.period, signedAt(index, time));
      const isWord = type === 'stop.requested' || type === 'stop.lifted';
      if (refusal === null && isWord) heard.add(claim.signature);
      return refusal !== null && heard.has(claim.signature) ? null : refusal;
    },
    /** Whether a key that was reached by a rotation signed a statement; null: the key is none of those. */
    isSigned({ keyId, canonicalStatement, signature }: StatementClaim): boolean | null {
      const key = reached.get(keyId);
      if (key === undefined) return null;
      return verify(null, canonicalStatement, key, Buffer.from(signature, 'base64'));
    },
    /** The keys as they stand after the entries so far. */
    trusted: (): TrustedKeys => ({
      logs: [...keys.log.values()],
      witnesses: [...keys.witness.values()],
      statementKeys: [...keys.statement.values()],
    }),
    followed: followed as readonly FollowedRotation[],
    areNoteKeysMoved: () => areNoteKeysMoved,
  };
}
/** See {@link followKeys}. */
export type KeyFollower = ReturnType<typeof followKeys>;
