import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { appendEntry } from '../audit/append.ts';
import type { RaiseAlarm } from '../domain/alarm.ts';
import type { Change } from '../domain/change.ts';
import type { JsonObject } from '../domain/json.ts';
import { newEntry, personActor } from '../domain/entry.ts';
import { httpStatusOfCode } from '../domain/error.ts';
import type { CountersignError } from '../domain/error.ts';
import type { Person } from '../domain/person.ts';
import type { Difference } from '../domain/stored-change.ts';
import { isoTime } from '../domain/time.ts';
import type { StatementSigner } from '../identity/statement-signer.ts';
import type { Queryable } from '../store/queryable.ts';
import { makeCoalesced } from './coalesced.ts';

/** A refused request, as it is recorded. */
export interface Refusal {
  readonly type: 'decision.refused' | 'request.refused';
  readonly person: Person;
  readonly change: Change | null;
  /** What the caller wanted, without anything that a log must not hold. */
  readonly wanted: JsonObject;
  readonly error: CountersignError;
  readonly source: string | null;
}

/** Entries for one person, change and code within a window; repeats beyond are counted. All strangers of a system are one. */
export const refusalsPerWindow = 5;

/** Entries for one difference within a window: everybody who looks finds the same one. */
const differencesPerWindow = 1;

/** A stored change that contradicts itself, found before it was shown or relied on. */
export interface FoundDifference {
  readonly change: Pick<Change, 'id'>;
  readonly difference: Difference;
}

/** Where refusals are recorded. */
export interface RefusalLog {
  /** @throws CountersignError `log_unavailable` when it cannot be recorded, which is answered in its place */
  record(refusal: Refusal): Promise<void>;
  /**
   * Records that a stored change differs, and raises the alarm for it.
   * @throws CountersignError `log_unavailable`
   */
  differs(found: FoundDifference): Promise<void>;
  /** Ends every window now and records what it only counted. For a process that stops. */
  flush(): Promise<void>;
}

/** What {@link makeRefusalLog} is made from. */
export interface RefusalLogDependencies {
  /** Postgres, as the role countersign_api. */
  readonly db: Queryable;
  /** Signs what is recorded, so that it names the process that refused. */
  readonly signer: Pick<StatementSigner, 'write'>;
  /** Temporal's namespace, part of event keys. */
  readonly namespace: string;
  readonly log: Pick<Logger, 'warn'>;
  /** Called for stored changes that differ, once for each window; default: nothing is called. */
  readonly alarm?: RaiseAlarm;
  readonly now?: () => number;
}

/**
 * Records refusals. When somebody floods, the first few of a window are entries of their own, and one entry at its end
 * says how many more there were (`coalesced`). One for a process: each has windows of its own.
 *
 * @param windowMs - length of a window; default a minute
 */
export function makeRefusalLog(deps: RefusalLogDependencies, windowMs = 60_000): RefusalLog {
  const { db, signer, namespace, log, alarm, now = Date.now } = deps;

  async function append(refusal: Refusal, coalesced: number): Promise<void> {
    const { type, person, wanted, error, source } = refusal;
    const id = refusal.change?.id ?? null;
    // The stored members of a change that differs are not recorded as if they were true.
    const change = error.code === 'stored_change_differs' ? null : refusal.change;
    const draft = newEntry(
      { namespace, of: id ?? '-', ordinal: randomUUID() },
      {
        type,
        time: isoTime(now()),
        changeId: id,
        actor: personActor(person),
        operation: change?.operation ?? null,
        target: change?.target.id ?? null,
        digest: change?.digest ?? null,
        round: change?.round ?? null,
        wanted,
        outcome: error.code,
        coalesced,
        source,
      },
    );
    await appendEntry(db, signer.write(draft));
  }

  async function appendDifference(found: FoundDifference, coalesced: number): Promise<void> {
    const { change, difference } = found;
    const draft = newEntry(
      { namespace, of: change.id, ordinal: randomUUID() },
      {
        type: 'integrity.differs',
        time: isoTime(now()),
        // Operation and target are left out: what is stored of them may be what was edited.
        changeId: change.id,
        actor: { process: 'api' },
        outcome: 'stored_change_differs',
        difference: { ...difference },
        coalesced,
      },
    );
    await appendEntry(db, signer.write(draft));
  }

  const refusals = makeCoalesced(append, {
    perWindow: refusalsPerWindow,
    windowMs,
    log,
    what: 'counted refusals',
  });
  const differences = makeCoalesced(appendDifference, {
    perWindow: differencesPerWindow,
    windowMs,
    log,
    what: 'counted differences',
    onFirst: ({ change, difference }) =>
      alarm?.('stored_change_differs', `the stored change differs in its ${difference.of}`, {
        changeId: change.id,
        difference,
      }),
  });
  return {
    async record(refusal) {
      const { type, person, change, wanted, error } = refusal;
      // What it was about, without what the caller may choose freely: each other thing is told of by itself.
      const about = [type, wanted.call, wanted.kind, wanted.action];
      // Whoever speaks for a chat can name any number of accounts.
      const subject = error.code === 'account_not_mapped' ? null : person.subject;
      const who = [person.issuer, subject, change?.id, error.code];
      await refusals.record(JSON.stringify([...who, ...about]), refusal);
    },
    async differs(found) {
      const { change, difference } = found;
      await differences.record(JSON.stringify([change.id, difference]), found);
    },
    async flush() {
      await Promise.all([refusals.flush(), differences.flush()]);
    },
  };
}

/** Forbidden, in conflict with the change's state, or meant for another digest; not malformed, unknown or unavailable. */
export function isRefusal({ code }: CountersignError): boolean {
  return [403, 409, 412, 422].includes(httpStatusOfCode[code]);
}
