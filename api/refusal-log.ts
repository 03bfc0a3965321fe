import { randomUUID } from 'node:crypto';
import { appendEntry } from '../audit/append.ts';
import type { Change, JsonObject } from '../domain/change.ts';
import type { CountersignError } from '../domain/error.ts';
import type { Person } from '../domain/person.ts';
import { isoTime } from '../domain/time.ts';
import type { ApiDependencies } from './dependencies.ts';

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

/** Entries a minute for one person, change and code, after which repeats are only counted. */
export const refusalsPerMinute = 5;
const minute = 60_000;
const mostWindows = 10_000;

interface Window {
  since: number;
  count: number;
  unrecorded: number;
}

/**
 * Records refusals. When somebody floods, the first few of a minute are entries and the next window's first entry says
 * how many were not. A refusal that cannot be recorded is answered 503 in its place.
 */
export function makeRefusalLog(deps: Pick<ApiDependencies, 'db' | 'namespace' | 'now'>) {
  const { db, namespace, now = Date.now } = deps;
  const windows = new Map<string, Window>();

  return async (refusal: Refusal): Promise<void> => {
    const { type, person, change, wanted, error, source } = refusal;
    const id = `${person.issuer} ${person.subject} ${change?.id ?? '-'} ${error.code}`;
    const time = now();
    const window = windowFor(windows, id, time);
    window.count += 1;
    if (window.count > refusalsPerMinute) {
      window.unrecorded += 1;
      return;
    }
    const { issuer, subject, name, roles, groups, authentication } = person;
    const coalesced = window.unrecorded;
    window.unrecorded = 0;
    await appendEntry(db, {
      key: `${namespace}/${change?.id ?? '-'}/${type}/${randomUUID()}`,
      body: {
        v: 1,
        type,
        time: isoTime(time),
        changeId: change?.id ?? null,
        actor: { issuer, subject, name, roles, groups, authentication } as unknown as JsonObject,
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
  };
}

function windowFor(windows: Map<string, Window>, id: string, time: number): Window {
  const old = windows.get(id);
  if (old && time - old.since < minute) return old;
  const fresh = { since: time, count: 0, unrecorded: old?.unrecorded ?? 0 };
  windows.delete(id);
  windows.set(id, fresh);
  if (windows.size > mostWindows) windows.delete(windows.keys().next().value as string);
  return fresh;
}
