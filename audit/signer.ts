import type { Pool } from 'pg';
import { CountersignError } from '../domain/error.ts';
import { isoTime } from '../domain/time.ts';
import type { Queryable } from '../store/queryable.ts';
import type { RaiseAlarm } from '../domain/alarm.ts';
import type { Anchor } from './anchor.ts';
import { appendEntry } from './append.ts';
import { formatCheckpoint } from './checkpoint.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { Frontier } from './frontier.ts';
import type { Generation, Generations } from './generations.ts';
import { makeWakeup } from './wakeup.ts';
import { giveBackLead, waitForLeaderLock } from './leader-lock.ts';
import type { SignedRotation } from '../domain/key-rotation.ts';
import { rotationBetween } from './key-rotation.ts';
import { keyRotated } from './log-entries.ts';
import { lookAtOthers } from './other-evidence.ts';
import type { WitnessView } from './other-evidence.ts';
import { asLogError } from './log-error.ts';
import { newMemory } from './log-memory.ts';
import type { LogMemory } from './log-memory.ts';
import { signNote } from './note.ts';
import type { NoteSigner } from './note-key.ts';
import { publishCheckpoint } from './publish.ts';
import { refusalByOthers, refusalMeaning, refusalToSign } from './refusal-to-sign.ts';
import type { OtherEvidence, SigningRefusal, TreeState } from './refusal-to-sign.ts';
import { keepSession } from './session.ts';
import { showAs } from './shown-sessions.ts';
import { gatherEvidence } from './signing-evidence.ts';

/** Where a signer tells what it does; a pino logger fits. */
export interface SignerLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  fatal(fields: object, message: string): void;
}

/** Options of {@link startSigner}. */
export interface SignerOptions {
  /** Logs in as the signer; one of its connections is kept. */
  readonly pool: Pool;
  readonly memory: Generations<LogMemory>;
  /** The log's private keys, all of one name; asked for whenever this signer begins to lead. */
  readonly keys: () => Promise<readonly NoteSigner[]>;
  /** Keeps each checkpoint somewhere else, too, and is asked for the largest before anything is signed. */
  readonly anchor: Anchor;
  /** The witness, asked before anything is signed; null where there is none. Default null. */
  readonly witness?: WitnessView | null;
  /** Called whenever the signer begins to refuse, and at each start while it refuses. Default: nothing is called. */
  readonly alarm?: RaiseAlarm;
  readonly log: SignerLog;
  /** Called for each published checkpoint, and for the last one when this signer begins to lead. */
  readonly onPublished?: (checkpoint: Checkpoint) => void;
  /** Called with the reason why nothing is signed, or null when all is well. */
  readonly onRefusal?: (code: string | null) => void;
  /** How long entries that nobody waits for are gathered before they are signed, ms; default 500. */
  readonly groupMs?: number;
  /** How long a leader may say nothing, in ms, before Postgres ends its session and another leads; default 10000. */
  readonly silentMs?: number;
  readonly now?: () => number;
}

type Kept = Generation<LogMemory>;

const pollMs = 1_000;
/** How often an idle log is proved again to be the one that was signed, ms, and a refusal told again. */
const lookAgainMs = 60_000;

/**
 * Signs the log's checkpoints: at once when a call waits for one, otherwise in groups, and only what is provably the
 * continuation of what was signed before. Any number may run on one memory: one leads, by a lock of the signer's role, and should two
 * believe to lead, the memory lets one of them go on. Once it has refused, it signs nothing until an admin says so, and lets
 * one with another memory lead.
 */
export function startSigner(options: SignerOptions): { stop(): Promise<void> } {
  const { pool, log, silentMs = 10_000 } = options;
  return keepSession({
    pool,
    log,
    name: 'signer',
    async work(client, ended) {
      const wakeup = makeWakeup();
      client.on('notification', () => wakeup.set());
      if (
        !(await waitForLeaderLock(client, {
          name: 'signer',
          silentMs: Math.max(silentMs, 3 * pollMs),
          ended,
          log,
        }))
      )
        return;
      await client.query('listen countersign_entries');
      const keys = await options.keys();
      // Before the memory is read: what is kept elsewhere is then never ahead of it, whoever else leads.
      const anchored = await options.anchor.largest(originOf(keys));
      let kept = await remembered(options, client, keys, anchored);
      kept = await sign(options, client, keys, kept, { anchored });
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
        if (idle) await wakeup.wait(pollMs, ended);
        else if (waiting > 0 && !urgent && restMs > 0) await wakeup.wait(restMs, ended);
        else {
          kept = await sign(options, client, keys, kept, null);
          [provedAt, firstSeenAt] = [performance.now(), null];
        }
      }
    },
  });
}

function originOf(keys: readonly NoteSigner[]): string {
  const origin = keys[0]?.name;
  if (origin === undefined || keys.some(({ name }) => name !== origin)) {
    throw new CountersignError('invalid_configuration', 'log keys: expected one or more of the same name');
  }
  return origin;
}

/** The memory under these keys; a new one for a log that has not begun. */
async function remembered(
  options: SignerOptions,
  db: Queryable,
  keys: readonly NoteSigner[],
  anchored: TreeState | null,
): Promise<Kept> {
  const { memory, now = Date.now } = options;
  const origin = originOf(keys);
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
  return refusal === null ? fresh : refuse(options, fresh, refusal, anchored);
}

/**
 * Signs all there is, unless that is not the continuation of what was signed. When it `begins`, it also asks what others
 * know of this log, and catches up with what was remembered and perhaps not done.
 */
async function sign(
  options: SignerOptions,
  db: Queryable,
  keys: readonly NoteSigner[],
  kept: Kept,
  begins: { readonly anchored: TreeState | null } | null,
): Promise<Kept> {
  const { anchor, onPublished, onRefusal } = options;
  const { origin } = kept.value;
  onRefusal?.(kept.value.refusal?.code ?? null);
  if (kept.value.refusal !== null) return kept;
  const { evidence, frontier } = await gatherEvidence(db, origin, kept.value);
  const refusal = refusalToSign(evidence);
  const anchored = begins?.anchored ?? null;
  if (refusal !== null) return refuse(options, kept, refusal, anchored);
  const others = begins ? await atBeginning(options, db, keys, kept, anchored) : sinceThen(options, origin);
  const objected = refusalByOthers(stateIn(kept), others);
  if (objected !== null) return refuse(options, kept, objected, anchored);
  const current = begins ? await caughtUp(options, db, keys, kept) : kept;
  if (frontier.size === current.value.size) return current;
  const checkpoint = { origin, size: frontier.size, root: frontier.root() };
  const note = signNote(formatCheckpoint(checkpoint), keys);
  const next = await followed(options, current, { ...current.value, ...stateOf(frontier), note });
  await publishCheckpoint(db, { ...checkpoint, note });
  onPublished?.(checkpoint);
  await anchor.keep(note);
  return next;
}

function stateIn({ value }: Kept): TreeState {
  return { size: value.size, root: Buffer.from(value.root, 'base64') };
}

function atBeginning(
  { witness = null, log }: SignerOptions,
  db: Queryable,
  keys: readonly NoteSigner[],
  kept: Kept,
  anchored: TreeState | null,
): Promise<OtherEvidence> {
  const remembered = { origin: kept.value.origin, ...stateIn(kept) };
  // Without a signed tree the empty tree is taken: every tree continues it.
  const note = kept.value.note ?? signNote(formatCheckpoint(remembered), keys);
  const warn = (message: string): void => log.warn({ origin: remembered.origin }, message);
  return lookAtOthers({ db, anchored, remembered, note, witness, warn });
}

function sinceThen({ witness = null }: SignerOptions, origin: string): OtherEvidence {
  const objection = witness?.objection() ?? null;
  // For a while the witness may answer for the origin before this one.
  return {
    anchored: null,
    tilesAtAnchored: null,
    objection: objection?.origin === origin ? objection : null,
  };
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
    const time = isoTime(now());
    const rotations = rotationsOf(value.keys, keys, time);
    const announcement = keyRotated({ ...rotation, rotations, time });
    kept = await followed(options, kept, { ...value, keys: publicKeys, announcement });
    await appendEntry(db, announcement);
  }
  const { origin, size, root, note } = kept.value;
  if (note !== null) {
    const checkpoint = { origin, size, root: Buffer.from(root, 'base64') };
    await publishCheckpoint(db, { ...checkpoint, note });
    await anchor.keep(note);
    onPublished?.(checkpoint);
  }
  return kept;
}

/** That each new key follows one that was there and still is, signed by both. */
function rotationsOf(before: readonly string[], keys: readonly NoteSigner[], time: string): SignedRotation[] {
  const old = keys.find(({ publicKey }) => before.includes(publicKey));
  if (old === undefined) return [];
  const added = keys.filter(({ publicKey }) => !before.includes(publicKey));
  return added.map((after) => rotationBetween('log', { before: old, after }, time));
}

function stateOf(frontier: Frontier): Pick<LogMemory, 'size' | 'root' | 'frontier'> {
  const { size, hashes } = frontier.state();
  return { size, root: frontier.root().toString('base64'), frontier: [...hashes] };
}

/** Remembers the refusal, so that nothing but an admin's word ends it: no restart, and no other signer on this memory. */
async function refuse(
  options: SignerOptions,
  kept: Kept,
  code: SigningRefusal,
  anchored: TreeState | null,
): Promise<Kept> {
  const at = isoTime((options.now ?? Date.now)());
  const known =
    anchored !== null && anchored.size > kept.value.size
      ? { size: anchored.size, root: anchored.root.toString('base64') }
      : null;
  const refusal = { code, message: refusalMeaning[code], at, known };
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

/**
 * Tells that nothing is signed, again and again, until somebody has changed the memory or the session ends. It does not lead
 * meanwhile: what it refuses may be another installation's log, whose own signer stands by.
 */
async function stayRefusing(
  { memory, log, alarm }: SignerOptions,
  db: Queryable,
  kept: Kept,
  ended: AbortSignal,
): Promise<void> {
  const { refusal, origin, size } = kept.value;
  const wakeup = makeWakeup();
  await giveBackLead(db);
  await showAs(db, `signer refuses, ${refusal?.code ?? ''}`);
  alarm?.('log_behind_evidence', 'the signer refuses: the log is not what was signed before', {
    reason: refusal?.code,
    origin,
    size,
    known: refusal?.known?.size,
  });
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
    // Without a word Postgres would end the session.
    await db.query('select 1');
    await wakeup.wait(pollMs, ended);
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
