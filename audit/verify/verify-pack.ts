import { createHash } from 'node:crypto';
import type { OpenedCheckpoint } from '../checkpoint.ts';
import { isUtf8 } from 'node:buffer';
import { collectExceptions } from '../exceptions/collect-exceptions.ts';
import type { Exceptions } from '../exceptions/collect-exceptions.ts';
import { counted } from '../pack/counted.ts';
import { filesOf, limitsOf, packFiles } from '../pack/manifest.ts';
import { compareRenderings } from './compare-renderings.ts';
import { BrokenPack, collectFindings } from './finding.ts';
import { findDifference } from './find-difference.ts';
import { ageNotProven, judgeFreshness, timeText } from './judge-freshness.ts';
import { judgeSince } from './judge-since.ts';
import type { PackSource } from './pack-source.ts';
import {
  knownCoverage,
  knownMembers,
  readConsistency,
  readEarlierCheckpoints,
  readManifest,
  readRange,
} from './read-claims.ts';
import { readEntries } from './read-entries.ts';
import { reachNoteKeys } from './reach-note-keys.ts';
import type { PackFile } from './read-tar.ts';
import {
  asWritten,
  inTime,
  judgeCheckpointKey,
  judgeConsistency,
  takeCheckpoint,
  takeEarlier,
} from './take-claims.ts';
import type { Verdict } from './verdict.ts';
import { addNodes, atSize, manifestOf, newVerification } from './verification.ts';
import type { Verification, VerifyOptions } from './verification.ts';

/**
 * Verifies an evidence pack with nothing but trusted keys. It is read once, line by line; only what is found to be wrong
 * is looked at again. Nothing in it is believed: the entries must lead to the root that a trusted key signed, and
 * everything else must follow from the entries.
 */
export async function verifyPack(source: PackSource, options: VerifyOptions): Promise<Verdict> {
  const findings = collectFindings();
  const notes = options.since === null ? [] : [options.since];
  const state = newVerification(options, await reachNoteKeys(source, options.keys, notes), findings);
  try {
    await readAll(source, state);
    await conclude(source, state);
  } catch (error) {
    if (!(error instanceof BrokenPack)) throw error;
    findings.add(error.kind, error.message);
  }
  return verdictOf(state);
}

/** Bytes by which a file may be longer than the manifest says, and still be read. */
const mostAdded = 1_048_576;

/** Every file once, in the order in which a pack has them. */
async function readAll(source: PackSource, state: Verification): Promise<void> {
  let place = -1;
  for await (const file of source.files()) {
    const at = (packFiles as readonly string[]).indexOf(file.path);
    if (at < 0) throw new BrokenPack('unexpected', `${JSON.stringify(file.path)} is no file of a pack`);
    if (at <= place) {
      throw new BrokenPack('unexpected', `${file.path} is there twice, or not in its place in the archive`);
    }
    place = at;
    await readFile(source, state, file);
  }
}

async function readFile(source: PackSource, state: Verification, file: PackFile): Promise<void> {
  const { path } = file;
  if (path === 'manifest.json') {
    const text = await small(file, 1_048_576);
    const manifest = readManifest(text);
    state.manifest = manifest;
    asWritten(state, path, text, knownMembers(manifest));
    inTime(file, manifest.madeAt);
    return;
  }
  inTime(file, manifestOf(state).madeAt);
  const { files, covers, since } = manifestOf(state);
  const claim = files.find((f) => f.path === path);
  if (!(filesOf(covers, since) as readonly string[]).includes(path)) {
    throw new BrokenPack('unexpected', `${path} is no file of such a pack`);
  }
  if (!claim) throw new BrokenPack('unexpected', `${path} is not in the manifest`);
  const sizes = `${path} has ${file.bytes} bytes, the manifest says ${claim.bytes}`;
  // An edit is looked at; an archive that unpacks into something quite different is not.
  if (file.bytes > claim.bytes + mostAdded) throw new BrokenPack('altered', sizes);
  const hash = createHash('sha256');
  const content = hashed(file.content, hash);
  switch (path) {
    case 'checkpoint':
      takeCheckpoint(state, await small({ ...file, content }, 1_048_576));
      break;
    case 'consistency.json': {
      const text = await small({ ...file, content }, 65_536);
      state.consistency = readConsistency(text);
      asWritten(state, path, text, state.consistency);
      break;
    }
    case 'proofs/range.json': {
      const text = await small({ ...file, content }, 65_536);
      state.range = readRange(text);
      asWritten(state, path, text, state.range);
      break;
    }
    case 'proofs/checkpoints.json': {
      const text = await small({ ...file, content }, 1_048_576);
      const claims = readEarlierCheckpoints(text);
      asWritten(state, path, text, claims);
      takeEarlier(state, claims.checkpoints);
      break;
    }
    case 'entries.jsonl':
      await readEntries(source, state, content);
      break;
    default:
      for await (const _chunk of content);
  }
  const sum = hash.digest('hex');
  if (claim.bytes !== file.bytes) {
    state.findings.add('altered', sizes, { code: 'file' });
  } else if (sum !== claim.sha256) {
    state.findings.add('altered', `${path} is not what the manifest says: SHA-256 ${sum}`, { code: 'file' });
  }
  state.actual.set(path, sum);
}

/** Everything that can only be said at the end. */
async function conclude(source: PackSource, state: Verification): Promise<void> {
  judgeCheckpointKey(state);
  const { findings, manifest, checkpoint, range, judge, options } = state;
  if (checkpoint) state.freshness = judgeFreshness(checkpoint, options.freshness, findings);
  if (!manifest) throw new BrokenPack('unchecked', 'there is no manifest.json');
  const wanted = filesOf(manifest.covers, manifest.since);
  for (const path of wanted) {
    if (!state.actual.has(path)) findings.add('missing', `${path} is not there`, { code: 'file' });
  }
  const listed = manifest.files.map(({ path }) => path);
  if (listed.join() !== wanted.join()) {
    findings.add('altered', 'manifest.json does not list the files of such a pack in their order', {
      code: 'file',
    });
  }
  judgeConsistency(state, manifest);
  if (options.withoutRenderings === true) {
    findings.add('unchecked', 'ocsf.jsonl and entries.csv were not compared', { code: 'rendering' });
  }
  if (!judge || state.entries === 0) {
    const kind = manifest.counts.entries > 0 ? 'missing' : 'unchecked';
    findings.add(kind, 'there is no entry');
    return;
  }
  state.changes = await judge.end();
  const { unverified, withoutPolicy } = state.changes;
  if (unverified > 0) {
    findings.add('unchecked', `${counted(unverified, 'signature')} of the API: none of its keys is trusted`, {
      code: 'statement',
    });
  }
  if (withoutPolicy > 0) {
    state.passedOver.push(
      `Whether ${counted(withoutPolicy, 'change')} had the approvals that the policy asks for: no entry here has that policy.`,
    );
  }
  state.passedOver.push(...notJudged(state.changes));
  let honest = manifest.covers.kind === 'change';
  if (manifest.covers.kind === 'range' && range) {
    const whole = state.tree.size === range.to;
    if (whole) addNodes(state, range.to, range.size, range.after);
    atSize(state);
    honest =
      checkpoint !== null &&
      whole &&
      range.size === checkpoint.size &&
      state.tree.root().equals(checkpoint.root);
    if (checkpoint && !honest) {
      const before = findings.count;
      await findDifference(source, range, checkpoint.root, state.earlier, findings);
      if (findings.count === before)
        findings.add('altered', 'the entries do not lead to the checkpoint’s root');
    }
    const { agreed, parted } = state.earlier;
    if (honest && parted !== null) {
      findings.add('forked', `the log’s key has signed another tree of size ${parted} than this one`, {
        index: agreed,
        code: 'earlier',
      });
    }
  }
  await compareRenderings(state, manifest, honest);
  const leaves = state.actual.get('leaves.jsonl');
  const otherLeaves = state.unread === 0 && leaves !== state.leaves.digest();
  if (manifest.covers.kind === 'change' && otherLeaves && findings.result !== 'tampered') {
    findings.add('altered', 'leaves.jsonl is not what the entries and their proofs give', { code: 'file' });
  }
  if (honest && range && checkpoint && otherLeaves) {
    const before = findings.count;
    await findDifference(source, range, checkpoint.root, null, findings);
    if (findings.count === before)
      findings.add('altered', 'leaves.jsonl is not what the entries give', { code: 'file' });
  }
  if (checkpoint) judgeSince(state, checkpoint);
  else if (options.since !== null) findings.add('unchecked', 'without a checkpoint, nothing continues yours');
}

/** What no rule was asked of, in words. */
function notJudged({
  open,
  brokenByDirectory,
  reviewedByDirectory,
  unfollowedFreezes,
  unlistedCalendars,
  forgottenDeclarations,
  unlistedDeclarations,
  unknownRules,
  undefinedOperations,
}: NonNullable<Verification['changes']>): string[] {
  const unanswered = open.reduce((sum, { openAttempts }) => sum + openAttempts.length, 0);
  return [
    ...(unanswered === 0
      ? []
      : [
          `Whether ${counted(unanswered, 'attempt')} without an answer was sent, and at a time at which it was allowed to.`,
        ]),
    ...(brokenByDirectory === 0
      ? []
      : [
          `Whether ${counted(brokenByDirectory, 'break-glass change')} came from groups that may break the glass: the directory lists those, and the log does not have it.`,
        ]),
    ...(reviewedByDirectory === 0
      ? []
      : [
          `Whether ${counted(reviewedByDirectory, 'review')} came from somebody whom the change’s policy could ask: the directory lists those, and the log does not have it.`,
        ]),
    ...(unfollowedFreezes === 0
      ? []
      : [
          `Whether ${counted(unfollowedFreezes, 'freeze')} held calls: so many stood at once that they were not followed.`,
        ]),
    ...(unknownRules.length === 0
      ? []
      : [
          `Whether changes kept to what policies say in members that this verifier does not know: ${unknownRules.map((path) => JSON.stringify(path)).join(', ')}.`,
        ]),
    ...(undefinedOperations.changes === 0
      ? []
      : [
          `Whether the target of ${counted(undefinedOperations.changes, 'change')} is what the operation makes of the input: no entry before has the declaration that is pinned (${undefinedOperations.names.map((name) => JSON.stringify(name)).join(', ')}).`,
        ]),
    ...(unlistedCalendars === 0
      ? []
      : ['Whether freezes of the calendar file held calls: its list was longer than an entry can hold.']),
    ...(unlistedDeclarations === 0
      ? []
      : [
          'Whether targets are what files declare of their operations: the declarations were longer than an entry can hold.',
        ]),
    ...(forgottenDeclarations === 0
      ? []
      : [
          `Whether targets are what ${counted(forgottenDeclarations, 'declaration')} make of their changes’ inputs: so many were told of that the oldest were not followed.`,
        ]),
  ];
}

/** Whose word it is that a key which has ended was still trusted, in words. */
function keysNotProven({ options }: Verification, { signatures, cosignatures }: OpenedCheckpoint): string[] {
  const { logs } = options.keys;
  const ended = logs.find(
    ({ name, keyId, period }) =>
      period.beforeIndex !== null && signatures.some((one) => one.name === name && one.keyId === keyId),
  );
  return ended === undefined || cosignatures.length > 0
    ? []
    : [
        `That the checkpoint was signed before its key ${ended.id} ended: whoever has that key can sign another one of this size.`,
      ];
}

/** What entries say, and the gaps between cosignatures. */
function exceptionsOf({ report, witnessGaps }: Verification): Exceptions {
  const exceptions = report?.exceptions ?? collectExceptions(0);
  witnessGaps.forEach(exceptions.put);
  return exceptions.end();
}

/** Whose API has vouched, where the trusted keys are of several logs: a key of an API is bound to none, in words. */
function apisNotProven({ logs, statementKeys }: VerifyOptions['keys']): string[] {
  const names = [...new Set(logs.map(({ name }) => name))].toSorted();
  return names.length < 2 || statementKeys.length === 0
    ? []
    : [
        `Which installation’s API signed what people said: your keys are of ${names.length} logs (${names.join(', ')}), and each key of an API among them is believed for all of these. Give the keys of one installation alone.`,
      ];
}

const policiesNotProven =
  'That changes were approved under policies that you have reviewed: none were given (--policies).';

function verdictOf(state: Verification): Verdict {
  const { findings, manifest, checkpoint, changes, sinceChecked, freshness, options } = state;
  const age = freshness && ageNotProven(freshness);
  const open = changes?.open ?? [];
  return {
    result: findings.result,
    findings: findings.kept,
    findingCount: findings.count,
    exceptions: exceptionsOf(state),
    firstBadIndex: findings.firstBadIndex,
    covers: manifest ? knownCoverage(manifest.covers) : null,
    checkpoint: checkpoint && {
      origin: checkpoint.origin,
      size: checkpoint.size,
      root: checkpoint.root.toString('hex'),
      witnesses: checkpoint.cosignatures.map(({ name, time }) => ({
        name,
        time: time === null ? null : timeText(time * 1000),
      })),
    },
    freshness,
    checked: {
      entries: state.entries,
      changes: changes?.changes ?? 0,
      statements: changes?.statements ?? 0,
      written: changes?.written ?? 0,
      unsigned: changes?.unsigned ?? {},
      hostVouched: changes?.hostVouched ?? 0,
      datedBeforeWitness: { count: state.early.count, indexes: state.early.indexes },
      since: sinceChecked,
      policies: options.policies?.size ?? null,
    },
    rotations: state.keys?.followed ?? [],
    openChanges: open.slice(0, 100),
    openChangeCount: open.length,
    carriedVerifier: state.actual.get('verify.mjs') ?? null,
    notProven: [
      ...(manifest
        ? limitsOf(
            manifest.covers,
            checkpoint?.size ?? 0,
            sinceChecked ?? manifest.since,
            sinceChecked !== null,
          )
        : ['Anything.']),
      ...state.passedOver,
      ...(age === null ? [] : [age]),
      ...(checkpoint === null ? [] : keysNotProven(state, checkpoint)),
      ...apisNotProven(options.keys),
      ...(options.policies === null ? [policiesNotProven] : []),
    ],
  };
}

async function* hashed(
  content: AsyncIterable<Buffer>,
  hash: ReturnType<typeof createHash>,
): AsyncGenerator<Buffer> {
  for await (const chunk of content) {
    hash.update(chunk);
    yield chunk;
  }
}

/** A file that is kept whole. */
async function small(file: PackFile, mostBytes: number): Promise<string> {
  if (file.bytes > mostBytes)
    throw new BrokenPack('malformed', `${file.path} has more than ${mostBytes} bytes`);
  const chunks: Buffer[] = [];
  for await (const chunk of file.content) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  if (!isUtf8(bytes)) throw new BrokenPack('malformed', `${file.path} is not UTF-8`);
  return bytes.toString('utf8');
}
