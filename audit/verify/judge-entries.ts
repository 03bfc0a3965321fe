import type { EntryBody } from '../../domain/entry.ts';
import type { Findings } from './finding.ts';
import { numberOf, objectOf, stringOf } from './fields.ts';
import { follow } from './follow-change.ts';
import { begun } from './life.ts';
import type { Life } from './life.ts';
import { statementOf } from './statement-of.ts';

/** Options of {@link judgeEntries}. */
export interface JudgeOptions {
  readonly findings: Findings;
  /** Whether each change's first entry must be among those that are looked at. */
  readonly whole: boolean;
  /** Null where no key of the API is trusted. */
  readonly verifyStatement: StatementCheck | null;
}

/** Whether the API's key signed a statement, given as canonical JSON. */
export type StatementCheck = (claim: {
  readonly canonicalStatement: string;
  readonly keyId: string;
  readonly signature: string;
}) => Promise<boolean>;

/** Judges the entries of many changes in the log's order; of a change that has closed it keeps the id alone. */
export function judgeEntries({ findings, whole, verifyStatement }: JudgeOptions) {
  /** Of a change that has ended or was only mentioned, not its life. */
  const changes = new Map<string, Life | 'ended' | 'mentioned'>();
  let statements = 0;
  let unverified = 0;
  let withoutPolicy = 0;
  let last = { signature: '', statement: '', valid: Promise.resolve(false) };
  let pending: Promise<void>[] = [];
  let batch: Promise<unknown> = Promise.resolve();

  function signed(index: number, body: EntryBody): void {
    const statement = statementOf(body);
    if (statement === null) return;
    if (verifyStatement === null) {
      unverified += 1;
      return;
    }
    const { keyId, value } = objectOf(body.signature);
    // Of an entry that is canonical JSON, this is canonical as well.
    const text = JSON.stringify(body.statement);
    const signature = `${stringOf(keyId) ?? ''} ${stringOf(value) ?? ''}`;
    // One decision stands behind two entries, the second of which schedules the change.
    if (signature !== last.signature || text !== last.statement) {
      const claim = {
        canonicalStatement: text,
        keyId: stringOf(keyId) ?? '',
        signature: stringOf(value) ?? '',
      };
      last = { signature, statement: text, valid: verifyStatement(claim) };
    }
    statements += 1;
    const refused = (): void => {
      findings.add('badly_signed', `no trusted key of the API signed what ${statement.person.subject} said`, {
        index,
        code: 'statement',
      });
    };
    const check = last.valid.then((valid) => {
      if (!valid) refused();
    }, refused);
    pending.push(check);
  }

  return {
    add(index: number, body: EntryBody): void {
      const { changeId } = body;
      if (changeId === null) return;
      const known = changes.get(changeId) ?? 'mentioned';
      const before =
        known === 'mentioned'
          ? null
          : known === 'ended'
            ? { ...begun(body, changeId, false), closed: true }
            : known;
      try {
        const { life, problems } = follow(before, body, whole);
        for (const { code, message } of problems) findings.add('illogical', message, { index, code });
        signed(index, body);
        if (life === null) {
          changes.set(changeId, known);
          return;
        }
        if (life.whole && body.type === 'change.requested' && life.policy === null) withoutPolicy += 1;
        // What is closed and owes neither an answer nor a review is forgotten but for its id.
        if (life.closed && life.started.length === life.ended.length && !life.breakGlass) {
          changes.set(changeId, 'ended');
        } else changes.set(changeId, life);
      } catch (error) {
        findings.add('malformed', `cannot be understood: ${(error as Error).message}`, { index });
      }
    },
    /** To be awaited now and then: the signatures of before the last time are checked then, the new ones go on. */
    async catchUp(): Promise<void> {
      await batch;
      batch = Promise.all(pending);
      pending = [];
    },
    /** After the last entry. */
    async end() {
      await batch;
      await Promise.all(pending);
      const open = [...changes.values()].filter(
        (life): life is Life =>
          typeof life === 'object' && (!life.closed || life.started.length > life.ended.length),
      );
      return {
        changes: changes.size,
        statements,
        unverified,
        withoutPolicy,
        open: open.map(({ changeId, started, ended: answered }) => ({
          changeId,
          openAttempts: started.filter((ordinal) => !answered.includes(ordinal)).map(numberOf),
        })),
      };
    },
  };
}
