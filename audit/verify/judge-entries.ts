import type { EntryBody } from '../../domain/entry.ts';
import type { Findings } from './finding.ts';
import { endedRecord, isComplete, isPolicyKnown } from './change-record.ts';
import type { ChangeRecord } from './change-record.ts';
import { objectOf, stringOf } from './fields.ts';
import { follow } from './follow-change.ts';
import { judgeByLog } from './judge-by-log.ts';
import type { KeyFollower } from './follow-keys.ts';
import { judgePolicies, policyNamedIn } from './judge-policy.ts';
import { newLogFacts } from './log-facts.ts';
import type { Report } from './problem.ts';
import type { ReadEntry } from './read-entry.ts';
import { statementOf } from './statement-of.ts';

/** Options of {@link judgeEntries}. */
export interface JudgeOptions {
  readonly findings: Findings;
  /** Whether each change's first entry must be among those that are looked at. */
  readonly whole: boolean;
  /** Null where no key of the API is trusted. */
  readonly verifyStatement: StatementCheck | null;
  /** Digests of the policies that were in force; null: whichever. */
  readonly policies: ReadonlySet<string> | null;
  /** Which keys of the API are trusted for which entries; null: those of `verifyStatement` for all. */
  readonly keys?: KeyFollower | null;
  /** The one change that is judged, where entries of others are there for its sake alone; null: all are. */
  readonly only?: string | null;
}

/** What a person said, as canonical JSON, with the API's signature (base64) on it. */
export interface StatementClaim {
  readonly canonicalStatement: string;
  readonly keyId: string;
  readonly signature: string;
}

/** Whether the API's key signed each statement, in the same order. */
export type StatementCheck = (
  claims: readonly StatementClaim[],
) => readonly boolean[] | Promise<readonly boolean[]>;

/** Most batches of signatures that are waited for, so that what is remembered of them does not grow. */
const mostBatches = 8;

/** Judges the entries of many changes in the log's order; of a change that has closed it keeps the id alone. */
export function judgeEntries(options: JudgeOptions) {
  const { findings, whole, verifyStatement, policies, keys = null, only = null } = options;
  /** Of a change that has ended or was only mentioned, no record is kept. */
  const changes = new Map<string, ChangeRecord | 'ended' | 'mentioned'>();
  const pinned = judgePolicies(findings);
  const facts = newLogFacts();
  let statements = 0;
  let unverified = 0;
  let withoutPolicy = 0;
  let claims: StatementClaim[] = [];
  /** Which entry stands on which of the claims. */
  let claimed: { readonly index: number; readonly subject: string; readonly claim: number }[] = [];
  const batches: Promise<void>[] = [];

  function signed(index: number, body: EntryBody, canonicalStatement: string): void {
    const statement = statementOf(body);
    if (statement === null) return;
    if (verifyStatement === null) {
      unverified += 1;
      return;
    }
    const { keyId, value } = objectOf(body.signature);
    const claim = {
      canonicalStatement,
      keyId: stringOf(keyId) ?? '',
      signature: stringOf(value) ?? '',
    };
    const { subject } = statement.person;
    const refusal = keys?.refusal(index, body, claim) ?? null;
    const bySuccessor = keys?.isSigned(claim) ?? null;
    if (refusal !== null || bySuccessor !== null) {
      statements += 1;
      if (refusal !== null) addKeyRefusal(index, subject, claim.keyId, refusal);
      else if (bySuccessor === false) addBadSignature(index, subject);
      return;
    }
    const last = claims.at(-1);
    // A word to stop stands behind two entries: the API's, and that of the worker that heard it.
    const again =
      last?.signature === claim.signature &&
      last.keyId === claim.keyId &&
      last.canonicalStatement === claim.canonicalStatement;
    if (!again) claims.push(claim);
    claimed.push({ index, subject, claim: claims.length - 1 });
    statements += 1;
  }

  function addBadSignature(index: number, subject: string): void {
    const message = `no trusted key of the API signed what ${subject} said`;
    findings.add('badly_signed', message, { index, code: 'statement' });
  }

  function addKeyRefusal(index: number, subject: string, keyId: string, why: 'outside' | 'unproven'): void {
    const [kind, message] =
      why === 'outside'
        ? (['badly_signed', `is not trusted for this entry`] as const)
        : (['unchecked', `has ended, and no trusted witness had seen this entry before`] as const);
    findings.add(kind, `the key ${keyId}, which signed what ${subject} said, ${message}`, {
      index,
      code: 'key_period',
    });
  }

  /** Has what was claimed since the last time checked, while reading goes on. */
  async function checkClaims(check: StatementCheck): Promise<void> {
    const about = claimed;
    const valid = await check(claims);
    for (const { index, subject, claim } of about) {
      if (valid[claim] !== true) addBadSignature(index, subject);
    }
  }

  return {
    add(index: number, { body, statementJson, policyJson }: ReadEntry): void {
      const { changeId } = body;
      try {
        keys?.see(index, body);
        if (body.type === 'policy.pinned') pinned.add(index, body, policyJson);
        const report: Report = (code, message) => {
          findings.add('illogical', message, { index, code });
        };
        if (changeId === null) {
          judgeByLog(facts, null, body, whole, report);
          return;
        }
        const isJudged = only === null || changeId === only;
        const known = changes.get(changeId) ?? 'mentioned';
        const before = known === 'mentioned' ? null : known === 'ended' ? endedRecord(body) : known;
        const policy = pinned.get(policyNamedIn(body).digest);
        const { record, problems } = follow(before, body, whole, policy);
        if (isJudged) for (const { code, message } of problems) report(code, message);
        // Of what owes neither an answer nor a review nothing but its id is kept.
        changes.set(changeId, record === null ? known : isComplete(record) ? 'ended' : record);
        judgeByLog(facts, record, body, whole, isJudged ? report : () => undefined);
        if (!isJudged) return;
        // Once a change, at what is seen of it first: every later entry names the same policy, or is reported.
        if (before === null && record && policies && !policies.has(policyNamedIn(body).digest ?? '')) {
          const { name, version, digest } = policyNamedIn(body);
          const message = `under policy ${name}, version ${version}, digest ${digest}, which is none of those that were in force`;
          findings.add('illogical', message, { index, code: 'policy_not_in_force' });
        }
        signed(index, body, statementJson ?? '');
        if (before === null && record && body.type === 'change.requested' && !isPolicyKnown(record))
          withoutPolicy += 1;
      } catch (error) {
        findings.add('malformed', `cannot be understood: ${(error as Error).message}`, { index });
      }
    },
    /** To be awaited now and then: the signatures since the last time are checked while reading goes on. */
    async catchUp(): Promise<void> {
      if (verifyStatement !== null && claims.length > 0) {
        batches.push(checkClaims(verifyStatement));
        claims = [];
        claimed = [];
      }
      if (batches.length > mostBatches) await batches.shift();
    },
    /** After the last entry. */
    async end() {
      await this.catchUp();
      await Promise.all(batches);
      const judged = [...changes].filter(([changeId]) => only === null || changeId === only);
      const open = judged.flatMap(([changeId, record]) => {
        if (typeof record === 'string') return [];
        const { closedAt, calls } = record.change;
        return closedAt === null || calls.open.length > 0 ? [{ changeId, openAttempts: calls.open }] : [];
      });
      return {
        changes: judged.length,
        statements,
        unverified,
        withoutPolicy,
        open,
        unfollowedFreezes: facts.unfollowedFreezes,
        unlistedCalendars: facts.unlistedCalendars,
      };
    },
  };
}
