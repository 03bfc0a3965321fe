import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { appendEntry } from '../audit/append.ts';
import type { Change } from '../domain/change.ts';
import type { JsonObject } from '../domain/json.ts';
import { personActor } from '../domain/entry.ts';
import { httpStatusOfCode } from '../domain/error.ts';
import type { CountersignError } from '../domain/error.ts';
import type { Person } from '../domain/person.ts';
import { isoTime } from '../domain/time.ts';
import type { Queryable } from '../store/queryable.ts';

/** A refused request, as it is recorded. */
export interface Refusal {
  readonly type: 'decision.refused' | 'request.refused';
  readonly person: Person;
  readonly change: Change | null;
  /** What was wanted, without what a log must not hold. */
  readonly wanted: JsonObject;
  readonly error: CountersignError;
  readonly source: string | null;
}

/** Entries for one person, change and code within a window; repeats beyond are counted. */
export const refusalsPerWindow = 5;

interface Window {
  count: number;
  unrecorded: number;
  last: Refusal;
  readonly timer: NodeJS.Timeout;
}

/** Where refusals are recorded. */
export interface RefusalLog {
  /** @throws CountersignError `log_unavailable` when it cannot be recorded, which is answered in its place */
  record(refusal: Refusal): Promise<void>;
  /** Ends every window now and tells of what it only counted: for a process that stops. */
  flush(): Promise<void>;
}

/** What {@link makeRefusalLog} is made from. */
export interface RefusalLogDependencies {
  /** Postgres, as the role countersign_api. */
  readonly db: Queryable;
  /** Temporal's namespace, part of event keys. */
  readonly namespace: string;
  readonly log: Pick<Logger, 'warn'>;
  readonly now?: () => number;
}

/**
 * Records refusals. When somebody floods, the first few of a window are entries of their own, and one entry at its end
 * says how many more there were (`coalesced`). One for a process: each has windows of its own.
 *
 * @param windowMs - length of a window; default a minute
 */
export function makeRefusalLog(deps: RefusalLogDependencies, windowMs = 60_000): RefusalLog {
  const { db, namespace, log, now = Date.now } = deps;
  const windows = new Map<string, Window>();

  async function append(refusal: Refusal, coalesced: number): Promise<void> {
    const { type, person, change, wanted, error, source } = refusal;
    await appendEntry(db, {
      key: `${namespace}/${change?.id ?? '-'}/${type}/${randomUUID()}`,
      body: {
        v: 1,
        type,
        time: isoTime(now()),
        changeId: change?.id ?? null,
        actor: personActor(person),
        operation: change?.operation ?? null,
        target: change?.target ?? null,
        digest: change?.digest ?? null,
        round: change?.round ?? null,
        wanted,
        outcome: error.code,
        coalesced,
        source,
      },
    });
  }

  /** Tells of what a window only counted; what the log does not take now, the next window's end offers again. */
  async function close(id: string, window: Window): Promise<void> {
    windows.delete(id);
    clearTimeout(window.timer);
    if (window.unrecorded === 0) return;
    try {
      await append(window.last, window.unrecorded);
    } catch (err) {
      log.warn({ err: err as Error }, 'counted refusals could not be recorded yet');
      open(id, window.last).unrecorded += window.unrecorded;
    }
  }

  function open(id: string, last: Refusal): Window {
    const there = windows.get(id);
    if (there) return there;
    const timer = setTimeout(() => void close(id, window), windowMs).unref();
    const window: Window = { count: 0, unrecorded: 0, last, timer };
    windows.set(id, window);
    return window;
  }

  return {
    async record(refusal) {
      const { type, person, change, wanted, error } = refusal;
      // What it was about, without what the caller may choose freely: each other thing is told of by itself.
      const about = [type, wanted.call, wanted.kind, wanted.action];
      const who = [person.issuer, person.subject, change?.id, error.code];
      const window = open(JSON.stringify([...who, ...about]), refusal);
      window.count += 1;
      if (window.count <= refusalsPerWindow) {
        await append(refusal, 0);
        return;
      }
      window.unrecorded += 1;
      window.last = refusal;
    },
    async flush() {
      await Promise.all([...windows].map(([id, window]) => close(id, window)));
    },
  };
}

/** Forbidden, in conflict with the change's state, or meant for another digest; not malformed, unknown or unavailable. */
export function isRefusal({ code }: CountersignError): boolean {
  return [403, 409, 412, 422].includes(httpStatusOfCode[code]);
}
