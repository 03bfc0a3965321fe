import { newEntry, refusalOfLength, workerActor } from './entry.ts';
import type { EntryDraft, EventType } from './entry.ts';
import type { Freeze } from './freeze.ts';
import type { Json, JsonObject } from './json.ts';
import type { PinnedPolicy } from './policy.ts';

/** Entries of what a worker has loaded: their types. */
export type LoadedType = Extract<EventType, `${string}.loaded`>;

/** What a worker judges by, as far as files say it. Each `sha256` is that of the file's bytes, hex; null: there is no file. */
export type Loaded =
  | { readonly type: 'calendar.loaded'; readonly sha256: string | null; readonly freezes: readonly Freeze[] }
  | { readonly type: 'directory.loaded'; readonly sha256: string | null }
  | {
      readonly type: 'policies.loaded';
      readonly sha256: string | null;
      readonly policies: readonly Pick<PinnedPolicy, 'name' | 'version' | 'digest'>[];
    };

/**
 * The entry that tells of it. A list which is longer than an entry can hold is null there: the file's hash stands for it.
 * @param time - ISO 8601
 */
export function loadedEntry(loaded: Loaded, time: string): EntryDraft {
  const { type, sha256 } = loaded;
  const place = { namespace: 'log', of: '-', ordinal: `${time}/${sha256 ?? 'none'}` };
  const members = { type, time, actor: workerActor, sha256 };
  const whole = newEntry(place, { ...members, ...listOf(loaded, true) });
  if (refusalOfLength(whole.body, type) === null) return whole;
  return newEntry(place, { ...members, ...listOf(loaded, false) });
}

function listOf(loaded: Loaded, fits: boolean): JsonObject {
  switch (loaded.type) {
    case 'calendar.loaded':
      return { freezes: fits ? loaded.freezes.map(freezeMembers) : null };
    case 'policies.loaded':
      return { policies: fits ? loaded.policies.map(policyMembers) : null };
    case 'directory.loaded':
      return {};
  }
}

function freezeMembers({ id, operation, scope, startsAt, endsAt, reason }: Freeze): Json {
  return { id, operation, scope: { ...scope }, startsAt, endsAt, reason };
}

function policyMembers({ name, version, digest }: Pick<PinnedPolicy, 'name' | 'version' | 'digest'>): Json {
  return { name, version, digest };
}
