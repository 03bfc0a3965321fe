import { canonicalJson } from './canonical-json.ts';
import type { Declaration } from './declaration.ts';
import { newEntry, refusalOfLength, workerActor } from './entry.ts';
import type { EntryDraft, EventType } from './entry.ts';
import type { Freeze } from './freeze.ts';
import type { Json, JsonObject } from './json.ts';
import type { PinnedPolicy } from './policy.ts';
import { sha256Hex } from './sha-256.ts';

/** Entries of what a worker has loaded: their types. */
export type LoadedType = Extract<EventType, `${string}.loaded`>;

/** An operation that a worker has. */
export interface LoadedOperation {
  readonly name: string;
  readonly version: string;
  readonly inputSchemaDigest: string;
  /** Null: it is defined by code. */
  readonly declaration: Declaration | null;
}

/** What a worker judges by, as far as files say it. Each `sha256` is that of the file's bytes, hex; null: there is no file. */
export type Loaded =
  | { readonly type: 'operations.loaded'; readonly operations: readonly LoadedOperation[] }
  | { readonly type: 'calendar.loaded'; readonly sha256: string | null; readonly freezes: readonly Freeze[] }
  | { readonly type: 'directory.loaded'; readonly sha256: string | null }
  | {
      readonly type: 'policies.loaded';
      readonly sha256: string | null;
      readonly policies: readonly Pick<PinnedPolicy, 'name' | 'version' | 'digest'>[];
    };

/**
 * The entry that tells of it. A list which is longer than an entry can hold is null there: the file's hash stands for it. Of
 * operations the declarations are left out first, and the hash is that of the whole list.
 * @param time - ISO 8601
 */
export function loadedEntry(loaded: Loaded, time: string): EntryDraft {
  const { type } = loaded;
  const sha256 =
    loaded.type === 'operations.loaded'
      ? sha256Hex(canonicalJson(loaded.operations.map(operationMembers)))
      : loaded.sha256;
  const place = { namespace: 'log', of: '-', ordinal: `${time}/${sha256 ?? 'none'}` };
  const entry = (list: JsonObject) => newEntry(place, { type, time, actor: workerActor, sha256, ...list });
  const lists = listsOf(loaded);
  const fitting = lists.map(entry).find(({ body }) => refusalOfLength(body, type) === null);
  return fitting ?? entry(lists.at(-1) ?? {});
}

/** Whether the entry that tells of operations lacks declarations: then a verifier cannot judge their targets. */
export function leavesOutDeclarations({ body }: Pick<EntryDraft, 'body'>): boolean {
  const { type, operations } = body;
  if (type !== 'operations.loaded') return false;
  const listed = operations as readonly JsonObject[] | null;
  return listed === null || listed.some(({ declaration }) => declaration === undefined);
}

/** Its list, in full and then shorter. */
function listsOf(loaded: Loaded): readonly JsonObject[] {
  switch (loaded.type) {
    case 'calendar.loaded':
      return [{ freezes: loaded.freezes.map(freezeMembers) }, { freezes: null }];
    case 'policies.loaded':
      return [{ policies: loaded.policies.map(policyMembers) }, { policies: null }];
    case 'operations.loaded': {
      const operations = loaded.operations.map(operationMembers);
      // Null stays: it says that there is none.
      const short = operations.map(({ declaration, ...named }) =>
        declaration === null ? { ...named, declaration } : named,
      );
      return [{ operations }, { operations: short }, { operations: null }];
    }
    case 'directory.loaded':
      return [{}];
  }
}

function operationMembers({ name, version, inputSchemaDigest, declaration }: LoadedOperation): JsonObject {
  return { name, version, inputSchemaDigest, declaration: declaration as JsonObject | null };
}

function freezeMembers({ id, operation, scope, startsAt, endsAt, reason }: Freeze): Json {
  return { id, operation, scope: { ...scope }, startsAt, endsAt, reason };
}

function policyMembers({ name, version, digest }: Pick<PinnedPolicy, 'name' | 'version' | 'digest'>): Json {
  return { name, version, digest };
}
