import { z } from 'zod';
import type { EntryDraft } from '../domain/entry.ts';
import { openGenerations } from './generations.ts';
import type { Generations } from './generations.ts';
import { logStarted } from './log-entries.ts';
import type { LogBeginning } from './log-entries.ts';
import { emptyRoot } from './merkle.ts';

const base64 = z.string().regex(/^[A-Za-z0-9+/]{43}=$/);

const announcement = z.object({
  key: z.string(),
  body: z.looseObject({ v: z.literal(1), type: z.string() }),
});

const logMemory = z.object({
  v: z.literal(1),
  /** The origin line of every checkpoint: one origin is one tree, for good. */
  origin: z.string().min(1),
  /** The keys that sign, as C2SP verifier keys. */
  keys: z.array(z.string()),
  /** What was last signed; size 0 before anything was. */
  size: z.int().min(0),
  /** SHA-256, base64. */
  root: base64,
  /** The hashes of the complete subtrees that the tree of `size` consists of, the largest first. */
  frontier: z.array(base64),
  /** The last checkpoint, kept before it was published; null before anything was signed. */
  note: z.string().nullable(),
  /** The entry that has to be in the log before anything else is signed: how this origin, or its keys, began. */
  announcement: z.custom<EntryDraft>((draft) => announcement.safeParse(draft).success),
  /** Why nothing is signed any more until an admin says so; null while all is well. */
  refusal: z
    .object({
      code: z.string(),
      message: z.string(),
      at: z.string(),
      /** The largest tree of this origin that the signer knows to have been signed, where that is not the one it remembers. */
      known: z
        .object({ size: z.int().min(0), root: base64 })
        .nullable()
        .default(null),
    })
    .nullable(),
  /** The tree that this origin was begun after, where an admin accepted the loss of it. */
  previous: z.object({ origin: z.string(), size: z.int().min(0), root: base64 }).nullable(),
});

/** What the signer remembers outside Postgres. */
export type LogMemory = z.infer<typeof logMemory>;

/** The memory of a log that begins now. */
export function newMemory(beginning: LogBeginning): LogMemory {
  const { origin, keys, previous } = beginning;
  return {
    v: 1,
    origin,
    keys: [...keys],
    size: 0,
    root: emptyRoot.toString('base64'),
    frontier: [],
    note: null,
    announcement: logStarted(beginning),
    refusal: null,
    previous,
  };
}

/** Opens the signer's memory in a folder; what it holds is checked on each reading. */
export function openLogMemory(folder: string): Promise<Generations<LogMemory>> {
  return openGenerations(folder, (json) => logMemory.parse(json));
}
