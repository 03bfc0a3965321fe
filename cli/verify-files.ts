import { readTextFile } from './text-file.ts';
import { shownJson } from '../domain/shown-text.ts';
import { momentOf } from '../domain/time.ts';
import { durationMs, durationPattern } from '../domain/duration.ts';
import { openCheckpointOf } from '../audit/pack/published-checkpoint.ts';
import { openPack } from '../audit/verify/pack-source.ts';
import type { PackSource } from '../audit/verify/pack-source.ts';
import type { VerifyOptions } from '../audit/verify/verification.ts';
import type { RenderWith } from '../audit/verify/render-entries.ts';
import type { StatementCheck } from '../audit/verify/judge-entries.ts';
import { readTrustedKeys } from '../audit/verify/trusted-keys.ts';
import { verifyPack } from '../audit/verify/verify-pack.ts';
import { exitCodeOf, verdictLines } from '../audit/verify/verdict.ts';

/** Files of a verification. */
export interface VerifyArguments {
  /** An evidence pack, or the folder that it was unpacked into. */
  readonly pack: string;
  /** Files of trusted keys; at least one. */
  readonly keys: readonly string[];
  /** The auditor's last checkpoint. */
  readonly since: string | undefined;
  /** How old the newest cosignature may be, such as `24h` or `7d`. */
  readonly maxAge: string | undefined;
  /** When, in ISO 8601; otherwise now. */
  readonly at: string | undefined;
  /** Files and folders of the policies that were in force; none: any may have been. */
  readonly policies: readonly string[];
  readonly json: boolean;
  /** For measuring: what that leaves unchecked, the verdict says. */
  readonly withoutRenderings?: boolean;
}

/** Exit code of wrong use. */
const usage = 3;

/**
 * Verifies a pack, with files alone: no environment, no network, no database.
 *
 * @param checkWith - makes what checks signatures with the API's keys (SPKI, PEM)
 * @param renderWith - makes the renderings of entries; in this thread, if it is left out
 * @returns the exit code: 0 valid, 1 tampered, 2 incomplete, 3 used wrongly
 */
export async function verifyFiles(
  args: VerifyArguments,
  out: (line: string) => void,
  complain: (line: string) => void,
  checkWith: (publicKeyPems: readonly string[]) => StatementCheck,
  renderWith?: RenderWith,
): Promise<number> {
  let opened;
  try {
    opened = await openVerification(args, checkWith);
  } catch (error) {
    const { message } = error as Error;
    if (args.json) out(shownJson({ code: 'invalid_request', message, errors: [] }));
    complain(message);
    return usage;
  }
  const verdict = await verifyPack(opened.source, {
    ...opened.options,
    ...(renderWith ? { renderWith } : {}),
  });
  if (args.json) out(shownJson(verdict));
  else for (const line of verdictLines(verdict)) out(line);
  return exitCodeOf[verdict.result];
}

/**
 * Reads everything that a verification needs but the pack's content.
 * @throws Error in words for whoever gave the arguments
 */
export async function openVerification(
  { pack, keys, since, maxAge, at, policies, withoutRenderings }: Omit<VerifyArguments, 'json'>,
  checkWith: (publicKeyPems: readonly string[]) => StatementCheck,
): Promise<{ readonly source: PackSource; readonly options: VerifyOptions }> {
  if (keys.length === 0) throw new Error('give the trusted keys with --key <file>');
  const trusted = readTrustedKeys(await Promise.all(keys.map((file) => readTextFile(file, '--key'))), keys);
  // As of a key file, whoever has edited it may have left it with other line ends.
  const sinceNote =
    since === undefined ? null : (await readTextFile(since, '--since')).replaceAll('\r\n', '\n');
  if (since !== undefined && sinceNote !== null) assertCheckpoint(`--since: ${since}`, sinceNote);
  const freshness = { at: at === undefined ? Date.now() : timeOf(at), maxAge: lengthOf(maxAge) };
  const inForce = policies.length === 0 ? null : await policiesAt(policies);
  const source = await openPack(pack);
  const { statementKeys } = trusted;
  const pems = statementKeys.map(({ pem }) => pem);
  const verifyStatement = pems.length === 0 ? null : checkWith(pems);
  return {
    source,
    options: {
      ...{ keys: trusted, since: sinceNote, freshness, policies: inForce, verifyStatement },
      ...(withoutRenderings === true ? { withoutRenderings } : {}),
    },
  };
}

/** The value of an option that demands something: of two, neither is what was meant for sure. @throws Error in words */
export function atMostOnce(option: string, values: readonly string[]): string | undefined {
  if (values.length > 1) throw new Error(`${option}: expected once, got ${values.join(' and ')}`);
  return values[0];
}

/** @throws Error that names the file, where it has no checkpoint */
export function assertCheckpoint(file: string, note: string): void {
  try {
    openCheckpointOf({ note });
  } catch (error) {
    throw new Error(`${file} is no checkpoint: ${(error as Error).message}`, { cause: error });
  }
}

/** Reading policy files takes a parser and a schema library, which make the start of a verification longer. */
async function policiesAt(paths: readonly string[]): Promise<ReadonlySet<string>> {
  const { policiesInForce } = await import('./policies-in-force.ts');
  return policiesInForce(paths);
}

/** A length of time, ms, or null for none. @throws Error in words */
export function lengthOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  if (durationPattern.test(text)) return durationMs(text);
  throw new Error(`--max-age: expected a number and s, m, h or d, such as 24h, got ${text}`);
}

/** A moment, ms since 1970. @throws Error in words */
export function timeOf(text: string): number {
  const moment = momentOf(text);
  if (moment !== null) return moment;
  throw new Error(`--at: expected a time such as 2026-11-24T12:00:00Z, got ${text}`);
}
