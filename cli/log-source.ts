import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import type { StatementCheck } from '../audit/verify/judge-entries.ts';
import { verifyPack } from '../audit/verify/verify-pack.ts';
import { exitCodeOf, verdictLines } from '../audit/verify/verdict.ts';
import type { Verdict } from '../audit/verify/verdict.ts';
import type { SealedEntry } from '../audit/pack/sealed-entry.ts';
import type { EntryBody } from '../domain/entry.ts';
import { createSignatureVerifier } from '../identity/statement-signer.ts';
import type { ApiClient } from '../client/api-client.ts';
import { asCaller } from './caller.ts';
import type { Caller } from './caller.ts';
import type { Output } from './print.ts';
import { openVerification } from './verify-files.ts';
import { asVerification } from './verify-options.ts';
import type { VerifyOptions } from './verify-options.ts';

/** Where a command takes the log from: an evidence pack, which is verified, or the API, which is believed. */
export interface LogOptions extends VerifyOptions, Caller {
  readonly pack?: string;
}

/** Adds the options of {@link LogOptions} to a command. @param otherwise - the demo user who asks the API in the end */
export function asLogReader(command: Command, otherwise: string): Command {
  const packed = command.option(
    '--pack <pack>',
    'an evidence pack, verified first; otherwise the API is asked',
  );
  return asCaller(asVerification(packed), otherwise);
}

/** @throws InvalidArgumentError for keys that nothing would be verified with */
export function assertLogOptions({ pack, key }: Pick<LogOptions, 'pack' | 'key'>): void {
  if (pack === undefined && key.length > 0) throw new InvalidArgumentError('--key is for --pack');
}

/** A pack whose verdict is valid. */
type ValidVerdict = Verdict & Required<{ readonly covers: NonNullable<Verdict['covers']> }>;

/**
 * Verifies a pack and hands on its entries, in one reading.
 *
 * @returns null where the pack is not valid: then its verdict was printed, and the exit code is the verdict's
 * @throws InvalidArgumentError for arguments that cannot be read
 */
export async function readPack(
  pack: string,
  options: LogOptions,
  output: Output,
  onEntry: (entry: SealedEntry) => void,
): Promise<ValidVerdict | null> {
  const { key: keys, since, maxAge, at, policies } = options;
  const check = (pems: readonly string[]): StatementCheck => {
    const isSigned = createSignatureVerifier(pems);
    return (claims) => claims.map(isSigned);
  };
  const opened = await openVerification({ pack, keys, since, maxAge, at, policies }, check).catch(
    (error: unknown) => {
      throw new InvalidArgumentError((error as Error).message);
    },
  );
  const verdict = await verifyPack(opened.source, { ...opened.options, onEntry });
  if (verdict.result === 'valid' && verdict.covers !== null) return verdict as ValidVerdict;
  output.result(verdict, [...verdictLines(verdict), 'the pack is not valid: nothing was made of it']);
  process.exitCode = exitCodeOf[verdict.result];
  return null;
}

/** An entry as the API shows it. */
export type ListedEntry = EntryBody & { readonly index: number };

/** The entries that a query finds, page by page, in the log's order. */
export async function* listEntries(
  client: ApiClient,
  query: Readonly<Record<string, string>>,
): AsyncGenerator<ListedEntry> {
  const parameters = new URLSearchParams({ ...query, limit: '200' });
  for (;;) {
    const page = await client.get<{ items: ListedEntry[]; nextCursor: string | null }>(
      `/v1/audit/entries?${parameters.toString()}`,
    );
    yield* page.items;
    if (page.nextCursor === null) return;
    parameters.set('cursor', page.nextCursor);
  }
}
