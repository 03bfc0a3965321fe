import { access, constants, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { followLog } from '../audit/forward/follow-log.ts';
import type { Followed } from '../audit/forward/follow-log.ts';
import { folderSource } from '../audit/forward/folder-place.ts';
import { httpSource } from '../audit/forward/http-source.ts';
import type { Source } from '../audit/forward/place.ts';
import { readTrustedKeys } from '../audit/verify/trusted-keys.ts';
import { exitCodeOf } from '../audit/verify/verdict.ts';
import type { Environment } from './environment.ts';
import { asJudging } from './judging-command.ts';
import { allPrinted, complain, printJsonInTime } from './print.ts';
import type { Output } from './print.ts';
import { putFile } from './put-file.ts';
import { readTextFile } from './text-file.ts';
import { assertCheckpoint, lengthOf, timeOf } from './verify-files.ts';
import { several } from './verify-options.ts';
import { wayOut } from './way-out.ts';

interface FollowArguments {
  readonly from: string;
  readonly key: readonly string[];
  readonly checkpointFile?: string;
  readonly entries?: true;
  readonly maxAge?: string;
  readonly at?: string;
}

/** `countersign audit follow`: reads the log where it was forwarded to, and verifies what is new. */
export function auditFollowCommand(audit: Command, env: () => Environment, output: () => Output): void {
  asJudging(audit.command('follow'))
    .description(
      'verify what a forwarded log has got since your last checkpoint: 0 valid, 1 tampered, 2 incomplete, 3 used wrongly',
    )
    .requiredOption('--from <place>', 'a folder, or the URL that its files are served at')
    .option('--key <file>', 'trusted keys; may be given several times', several, [])
    .option('--checkpoint-file <file>', 'your last checkpoint; replaced where what is new is valid')
    .option('--entries', 'print each new entry as a line of JSON; all else goes to stderr')
    .option('--max-age <length>', 'how old the newest cosignature of a trusted witness may be, such as 24h')
    .option('--at <time>', 'when, such as 2026-11-24T12:00:00Z; otherwise now')
    .action(async (o: FollowArguments) => {
      const opened = await open(o);
      const source = sourceOf(o.from, env);
      const followed = await followLog({
        ...opened,
        source,
        async onEntry(index, bytes) {
          if (o.entries) await printJsonInTime({ index, ...entryOf(bytes) });
        },
      });
      const { result, checkpoint } = followed;
      // What the reader has not got comes again with the next run: the checkpoint says that it has it.
      await allPrinted();
      if (result === 'valid' && checkpoint !== null && o.checkpointFile !== undefined) {
        await putFile(o.checkpointFile, (draft) => writeFile(draft, checkpoint.note), 0o666);
      }
      const lines = linesOf(followed);
      if (o.entries) lines.forEach(complain);
      else output().result(followed, lines);
      process.exitCode = exitCodeOf[result];
    });
}

/** @throws InvalidArgumentError for what cannot be read */
async function open({ key, checkpointFile, maxAge, at }: FollowArguments) {
  try {
    if (key.length === 0) throw new Error('give the trusted keys with --key <file>');
    const keys = readTrustedKeys(await Promise.all(key.map((file) => readTextFile(file, '--key'))), key);
    const last = checkpointFile === undefined ? null : await readIfThere(checkpointFile);
    if (checkpointFile !== undefined) {
      if (last !== null) assertCheckpoint(`--checkpoint-file: ${checkpointFile}`, last);
      await access(dirname(checkpointFile), constants.W_OK).catch(() => {
        throw new Error(`--checkpoint-file: nothing can be written to ${dirname(checkpointFile)}`);
      });
    }
    const freshness = { at: at === undefined ? Date.now() : timeOf(at), maxAge: lengthOf(maxAge) };
    return { keys, last, freshness };
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

function sourceOf(place: string, env: () => Environment): Source {
  return /^https?:\/\//.test(place) ? httpSource(place, wayOut(env()).fetch) : folderSource(place);
}

/** What is in the signed tree need not be JSON: whoever signs decides that. */
function entryOf(bytes: Buffer): { readonly entry: unknown } | { readonly base64: string } {
  try {
    return { entry: JSON.parse(bytes.toString()) as unknown };
  } catch {
    return { base64: bytes.toString('base64') };
  }
}

async function readIfThere(file: string): Promise<string | null> {
  return readFile(file, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  });
}

function linesOf(followed: Followed): string[] {
  const { result, findings, checkpoint, entries, freshness } = followed;
  return [
    `${result.toUpperCase()}: ${entries} new entries verified`,
    ...findings.map(
      ({ kind, index, message }) => `${kind}${index === null ? '' : ` at ${index}`}: ${message}`,
    ),
    ...(checkpoint === null
      ? []
      : [
          `checkpoint   ${checkpoint.origin}, ${checkpoint.size} entries, root ${checkpoint.root}`,
          `continues    ${continued(followed)}`,
          `cosigned     ${freshness?.cosignedAt ?? 'by no trusted witness'}`,
        ]),
  ];
}

function continued({ from, checkpoint, findings }: Followed): string {
  if (from === 0) return 'nothing: no checkpoint of yours was given';
  if (checkpoint !== null && checkpoint.size < from) return `nothing: it is behind yours of ${from} entries`;
  return findings.some(({ kind }) => kind === 'forked')
    ? `nothing: it is of another log than yours of ${from} entries`
    : `yours of ${from} entries`;
}
