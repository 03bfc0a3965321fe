import type { EntryBody, EventType } from '../../domain/entry.ts';
import type { Findings } from './finding.ts';
import { endedRecord, isComplete, isPolicyKnown } from './change-record.ts';
import type { ChangeRecord } from './change-record.ts';
import { objectOf, stringOf } from './fields.ts';
import { follow } from './follow-change.ts';
import { judgeByLog } from './judge-by-log.ts';
import { judgeSpeaker } from './judge-speaker.ts';
import { countUndefinedOperations, judgeTarget } from './judge-target.ts';
import type { KeyFollower } from './follow-keys.ts';
import { judgePolicies, policyNamedIn } from './judge-policy.ts';
import { newLogFacts } from './log-facts.ts';
import type { Report } from './problem.ts';
import type { ReadEntry } from './read-entry.ts';
import { isHostVouched, isUnsigned, judgeWriter } from './judge-unsigned.ts';
import type { StatementClaim } from './statement-claim.ts';
import { statementOf } from './statement-of.ts';
import { writerOf } from '../../domain/entry-writer.ts';

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

/** What a signature is of: what a person said, or an entry as a whole. */
interface Claimed {
  readonly code: 'statement' | 'writer';
  readonly what: string;
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
  /** Of a change that has ended or was only mentioned, no record is kept. `left`: it has ended, and its beginning was not seen. */
  const changes = new Map<string, ChangeRecord | 'ended' | 'left' | 'mentioned'>();
  const pinned = judgePolicies(findings);
  const facts = newLogFacts();
  const undefinedOperations = countUndefinedOperations();
  let statements = 0;
  let written = 0;
  let unverified = 0;
  let hostVouched = 0;
  /** How many entries bear nobody's word that should, by type. */
  const unsigned: Partial<Record<EventType, number>> = {};
  let withoutPolicy = 0;
  /** Whether an entry asks for the one change that is judged. */
  let isAsked = false;
  let claims: StatementClaim[] = [];
  /** Which entry stands on which of the claims. */
  let claimed: { readonly index: number; readonly of: Claimed; readonly claim: number }[] = [];
  const batches: Promise<void>[] = [];

  /** Has a signature checked. @returns false where no key is trusted */
  function check(index: number, body: EntryBody, of: Claimed, claim: StatementClaim): boolean {
    if (verifyStatement === null) {
      unverified += 1;
      return false;
    }
    const refusal = keys?.refusal(index, body, claim) ?? null;
    const bySuccessor = keys?.isSigned(claim) ?? null;
    if (refusal !== null) addKeyRefusal(index, of, claim.keyId, refusal);
    else if (bySuccessor === false) addBadSignature(index, of);
    if (refusal !== null || bySuccessor !== null) return true;
    const last = claims.at(-1);
    // A word to stop stands behind two entries: the API's, and that of the worker that heard it.
    const again =
      last?.signature === claim.signature &&
      last.keyId === claim.keyId &&
      Buffer.compare(last.canonicalStatement, claim.canonicalStatement) === 0;
    if (!again) claims.push(claim);
    claimed.push({ index, of, claim: claims.length - 1 });
    return true;
  }

  function signed(index: number, body: EntryBody, canonicalStatement: Uint8Array): void {
    const statement = statementOf(body);
    if (statement === null) return;
    const { keyId, value } = objectOf(body.signature);
    const signature = { keyId: stringOf(keyId) ?? '', signature: stringOf(value) ?? '' };
    const of = { code: 'statement', what: `what ${statement.person.subject} said` } as const;
    if (check(index, body, of, { canonicalStatement, ...signature })) statements += 1;
  }

  function writtenBy(index: number, body: EntryBody, canonicalStatement: Uint8Array): void {
    const { keyId = '', signature = '' } = writerOf(body) ?? {};
    const of = { code: 'writer', what: `${body.type}, or it was changed since` } as const;
    if (check(index, body, of, { canonicalStatement, keyId, signature })) written += 1;
  }

  function addBadSignature(index: number, { code, what }: Claimed): void {
    findings.add('badly_signed', `no trusted key of the API signed ${what}`, { index, code });
  }

  function addKeyRefusal(index: number, of: Claimed, keyId: string, why: 'outside' | 'unproven'): void {
    const [kind, message] =
      why === 'outside'
        ? (['badly_signed', 'is not trusted for this entry'] as const)
        : (['unchecked', 'has ended, and no trusted witness had seen this entry before'] as const);
    findings.add(kind, `the key ${keyId}, which signed ${of.what}, ${message}`, {
      index,
      code: 'key_period',
    });
  }

  /** Has what was claimed since the last time checked, while reading goes on. */
  async function checkClaims(verify: StatementCheck): Promise<void> {
    const about = claimed;
    const valid = await verify(claims);
    for (const { index, of, claim } of about) {
      if (valid[claim] !== true) addBadSignature(index, of);
    }
  }

  return {
    add(index: number, { body, statement, policyJson, written: itsText }: ReadEntry): void {
      const { changeId } = body;
      try {
        keys?.see(index, body);
        if (itsText !== null) writtenBy(index, body, itsText);
        if (isUnsigned(body)) unsigned[body.type] = (unsigned[body.type] ?? 0) + 1;
        if (body.type === 'policy.pinned') pinned.add(index, body, policyJson);
        const report: Report = (code, message) => {
          findings.add('illogical', message, { index, code });
        };
        judgeWriter(body, report);
        judgeSpeaker(body, report);
        if (changeId === null) {
          judgeByLog(facts, null, body, whole, report);
          return;
        }
        const isJudged = only === null || changeId === only;
        isAsked ||= changeId === only && body.type === 'change.requested';
        const known = changes.get(changeId) ?? 'mentioned';
        const before = known === 'mentioned' ? null : typeof known === 'string' ? endedRecord(body) : known;
        const policy = pinned.get(policyNamedIn(body).digest);
        const { record, problems } = follow(before, body, whole, policy);
        if (isJudged && known === 'ended' && isAnswer(body.type)) {
          report('attempt_not_started', 'an answer, and every attempt of the change had ended');
        }
        if (isJudged) for (const { code, message } of problems) report(code, message);
        // Of what owes neither an answer nor a review nothing but its id is kept.
        const ended = known === 'ended' || record?.whole === true ? 'ended' : 'left';
        changes.set(changeId, record === null ? known : isComplete(record) ? ended : record);
        judgeByLog(facts, record, body, whole, isJudged ? report : () => undefined);
        if (!isJudged) return;
        if (record && body.type === 'change.requested' && !judgeTarget(facts, body, report))
          undefinedOperations.add(body);
        // Once a change, at what is seen of it first: every later entry names the same policy, or is reported.
        if (before === null && record && policies && !policies.has(policyNamedIn(body).digest ?? '')) {
          const { name, version, digest } = policyNamedIn(body);
          const message = `under policy ${name}, version ${version}, digest ${digest}, which is none of those that were in force`;
          findings.add('illogical', message, { index, code: 'policy_not_in_force' });
        }
        if (isHostVouched(body)) hostVouched += 1;
        signed(index, body, statement ?? new Uint8Array());
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
      // Where an entry moves the change, that one was reported.
      if (only !== null && !isAsked && (changes.get(only) ?? 'mentioned') === 'mentioned') {
        findings.add('missing', `nothing of change ${only}: no entry asks for it`, { code: 'not_requested' });
      }
      const judged = [...changes].filter(([changeId]) => only === null || changeId === only);
      const judgedOf = (ids: ReadonlySet<string>) => (only === null ? ids.size : Number(ids.has(only)));
      const open = judged.flatMap(([changeId, record]) => {
        if (typeof record === 'string') return [];
        const { closedAt, calls } = record.change;
        return closedAt === null || calls.open.length > 0 ? [{ changeId, openAttempts: calls.open }] : [];
      });
      return {
        changes: judged.length,
        statements,
        written,
        unsigned,
        hostVouched,
        unverified,
        withoutPolicy,
        unknownRules: pinned.unknown(),
        undefinedOperations: undefinedOperations.told(),
        open,
        brokenByDirectory: judgedOf(facts.byDirectory.breakers),
        reviewedByDirectory: judgedOf(facts.byDirectory.reviewers),
        unfollowedFreezes: facts.unfollowedFreezes,
        unlistedCalendars: facts.unlistedCalendars,
        forgottenDeclarations: facts.forgottenDeclarations,
        unlistedDeclarations: facts.unlistedDeclarations,
      };
    },
  };
}

function isAnswer(type: EntryBody['type']): boolean {
  return type === 'attempt.succeeded' || type === 'attempt.failed' || type === 'attempt.unknown';
}
