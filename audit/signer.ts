import type { Pool } from 'pg';
import { CountersignError } from '../domain/error.ts';
import { isoTime } from '../domain/time.ts';
import type { Queryable } from '../store/queryable.ts';
import { appendEntry } from './append.ts';
import { formatCheckpoint } from './checkpoint.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { Frontier } from './frontier.ts';
import type { Generation, Generations } from './generations.ts';
import { makeLatch } from './latch.ts';
import { lead } from './lead.ts';
import { keyRotated } from './log-entries.ts';
import { asLogError } from './log-error.ts';
import { newMemory } from './log-memory.ts';
import type { LogMemory } from './log-memory.ts';
import { signNote } from './note.ts';
import type { NoteSigner } from './note-key.ts';
import { publishCheckpoint } from './publish.ts';
import { refusalMeaning, refusalToSign } from './refusal-to-sign.ts';
import type { SigningRefusal } from './refusal-to-sign.ts';
import { keepSession } from './session.ts';
import { gatherEvidence } from './signing-evidence.ts';

/** Where a signer tells what it does; a pino logger fits. */
export interface SignerLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  fatal(fields: object, message: string): void;
}

/** Moments of a signer between two effects; the fault tests kill it there. */
export type SigningPoint = 'signed' | 'remembered' | 'published' | 'anchored';

/** Options of {@link startSigner}. */
export interface SignerOptions {
  /** Logs in as the signer; one of its connections is kept. */
  readonly pool: Pool;
  readonly memory: Generations<LogMemory>;
  /** The log's private keys, all of one name; asked for whenever this signer begins to lead. */
  readonly keys: () => Promise<readonly NoteSigner[]>;
  /** Keeps each checkpoint somewhere else, too. */
  readonly anchor: (note: string) => Promise<void>;
  readonly log: SignerLog;
  /** Told of each checkpoint that is public, the last one also when this signer begins to lead. */
  readonly onPublished?: (checkpoint: Checkpoint) => void;
  /** Told why nothing is signed, or null when all is well. */
  readonly onRefusal?: (code: string | null) => void;
  /** How long entries that nobody waits for are gathered before they are signed, ms; default 500. */
  readonly groupMs?: number;
  /** How long a leader may say nothing, in ms, before Postgres ends its session and another leads; default 10000. */
  readonly silentMs?: number;
  readonly at?: (point: SigningPoint) => Promise<void> | void;
  readonly now?: () => number;
}

type Kept = Generation<LogMemory>;

const pollMs = 1_000;
/** How often an idle log is proved again to be the one that was signed, ms, and a refusal told again. */
const lookAgainMs = 60_000;

/**
 * Signs the log's checkpoints: at once when a call waits for one, else in groups, and only what is provably the
 * continuation of what was signed before. Any number may run on one memory: one leads, by an advisory lock, and should two
 * believe to lead, the memory lets one of them go on. Once it has refused, it signs nothing until an admin says so.
 */
export function startSigner(options: SignerOptions): { stop(): Promise<void> } {
  const { pool, log, silentMs = 10_000 } = options;
  return keepSession({
    pool,
    log,
    name: 'signer',
    async work(client, ended) {
      const latch = makeLatch();
      client.on('notification', () => latch.set());
      if (!(await lead(client, { name: 'signer', silentMs: Math.max(silentMs, 3 * pollMs), ended }))) return;
      await client.query('listen countersign_entries');
      const keys = await options.keys();
      let kept = await remembered(options, client, keys);
      kept = await sign(options, client, keys, kept, true);
      for (let provedAt = performance.now(), firstSeenAt: number | null = null; !ended.aborted;) {
        if (kept.value.refusal !== null) {
          await stayRefusing(options, client, kept, ended);
          return;
        }
        const { waiting, urgent } = await lookForEntries(client, kept.value.size);
        const idle = waiting === 0 && performance.now() - provedAt < lookAgainMs;
        firstSeenAt = waiting === 0 ? null : (firstSeenAt ?? performance.now());
        const groupedMs = firstSeenAt === null ? 0 : performance.now() - firstSeenAt;
        const restMs = (options.groupMs ?? 500) - groupedMs;
        if (idle) await latch.wait(pollMs, ended);
        else if (waiting > 0 && !urgent && restMs > 0) await latch.wait(restMs, ended);
        else {
          kept = await sign(options, client, keys, kept, false);
          [provedAt, firstSeenAt] = [performance.now(), null];
        }
      }
    },
  });
}

/** The memory under these keys; a quite new one for a log that has not begun. */
async function remembered(options: SignerOptions, db: Queryable, keys: readonly NoteSigner[]): Promise<Kept> {
  const { memory, now = Date.now } = options;
  const origin = keys[0]?.name;
  if (origin === undefined || keys.some(({ name }) => name !== origin)) {
    throw new CountersignError('invalid_configuration', 'log keys: expected one or more of the same name');
  }
  const kept = await memory.read();
  if (kept !== null && kept.value.origin !== origin) {
    throw new CountersignError(
      'invalid_configuration',
      `log key: the memory is of ${kept.value.origin}, got a key of ${origin}`,
    );
  }
  if (kept !== null) return kept;
  const { evidence } = await gatherEvidence(db, origin, null);
  const publicKeys = keys.map(({ publicKey }) => publicKey);
  const beginning = { origin, keys: publicKeys, time: isoTime(now()), previous: null, accepted: null };
  const fresh = await followed(options, null, newMemory(beginning));
  const refusal = refusalToSign(evidence);
  return refusal === null ? fresh : refuse(options, fresh, refusal);
}

/**
 * Signs all there is, unless that is not the continuation of what was signed. At `first` it also catches up with what was
 * remembered and perhaps not done.
 */
async function sign(
  options: SignerOptions,
  db: Queryable,
  keys: readonly NoteSigner[],
  kept: Kept,
  first: boolean,
): Promise<Kept> {
  const { anchor, onPublished, onRefusal, at } = options;
  const { origin } = kept.value;
  onRefusal?.(kept.value.refusal?.code ?? null);
  if (kept.value.refusal !== null) return kept;
  const { evidence, frontier } = await gatherEvidence(db, origin, kept.value);
  const refusal = refusalToSign(evidence);
  if (refusal !== null) return refuse(options, kept, refusal);
  const current = first ? await caughtUp(options, db, keys, kept) : kept;
  if (frontier.size === current.value.size) return current;
  const checkpoint = { origin, size: frontier.size, root: frontier.root() };
  const note = signNote(formatCheckpoint(checkpoint), keys);
  await at?.('signed');
  const next = await followed(options, current, { ...current.value, ...stateOf(frontier), note });
  await at?.('remembered');
  await publishCheckpoint(db, { ...checkpoint, note });
  await at?.('published');
  onPublished?.(checkpoint);
  await anchor(note);
  await at?.('anchored');
  return next;
}

/** Announces how this origin, or its keys, began, and publishes what was remembered. */
async function caughtUp(
  options: SignerOptions,
  db: Queryable,
  keys: readonly NoteSigner[],
  before: Kept,
): Promise<Kept> {
  const { anchor, onPublished, now = Date.now } = options;
  const publicKeys = keys.map(({ publicKey }) => publicKey);
  let kept = before;
  await appendEntry(db, kept.value.announcement);
  if (kept.value.keys.join() !== publicKeys.join()) {
    const { number, value } = kept;
    const rotation = { origin: value.origin, before: value.keys, keys: publicKeys, generation: number + 1 };
    const announcement = keyRotated({ ...rotation, time: isoTime(now()) });
    kept = await followed(options, kept, { ...value, keys: publicKeys, announcement });
    await appendEntry(db, announcement);
  }
  const { origin, size, root, note } = kept.value;
  if (note !== null) {
    const checkpoint = { origin, size, root: Buffer.from(root, 'base64') };
    await publishCheckpoint(db, { ...checkpoint, note });
    await anchor(note);
    onPublished?.(checkpoint);
  }
  return kept;
}

function stateOf(frontier: Frontier): Pick<LogMemory, 'size' | 'root' | 'frontier'> {
  const { size, hashes } = frontier.state();
  return { size, root: frontier.root().toString('base64'), frontier: [...hashes] };
}

/** Remembers the refusal, so that nothing but an admin's word ends it: no restart, and no other signer on this memory. */
async function refuse(options: SignerOptions, kept: Kept, code: SigningRefusal): Promise<Kept> {
  const at = isoTime((options.now ?? Date.now)());
  const refusal = { code, message: refusalMeaning[code], at };
  const refusing = await followed(options, kept, { ...kept.value, refusal });
  options.onRefusal?.(code);
  return refusing;
}

async function followed({ memory }: SignerOptions, kept: Kept | null, value: LogMemory): Promise<Kept> {
  const next = await memory.follow(kept, value);
  if (next === null)
    throw new CountersignError('integrity_conflict', 'another signer goes on from the same memory');
  return next;
}

/** Tells that nothing is signed, again and again, until somebody has changed the memory or the session ends. */
async function stayRefusing(
  { memory, log }: SignerOptions,
  db: Queryable,
  kept: Kept,
  ended: AbortSignal,
): Promise<void> {
  const { refusal, origin, size } = kept.value;
  const latch = makeLatch();
  let toldAt = -Infinity;
  while (!ended.aborted) {
    if (performance.now() - toldAt >= lookAgainMs) {
      log.fatal(
        { ...refusal, origin, size },
        'nothing is signed, so no call is made, until an admin decides; see docs/operations.md',
      );
      toldAt = performance.now();
    }
    if ((await memory.read())?.number !== kept.number) return;
    // It goes on leading.
    await db.query('select 1');
    await latch.wait(pollMs, ended);
  }
}

async function lookForEntries(db: Queryable, from: number): Promise<{ waiting: number; urgent: boolean }> {
  try {
    const { rows } = await db.query<{ waiting: number; urgent: boolean }>({
      name: 'look-for-entries',
      // From the new indexes to their entries: the other way round would pass all attempts that there ever were.
      text: `select (h.size - $1)::int as waiting, exists (
                select from audit.leaf l
                 where l.index between $1 and h.size - 1
                   and (select e.type from audit.entry e where e.id = l.entry_id) = 'attempt.started') as urgent
         from audit.head h`,
      values: [from],
    });
    return rows[0] ?? { waiting: -1, urgent: false };
  } catch (error) {
    throw asLogError(error);
  }
}
