import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';

/** What a command reads that verifies an evidence pack. */
export interface VerifyOptions {
  readonly key: string[];
  readonly policies: string[];
  readonly since?: string;
  readonly maxAge?: string;
  readonly at?: string;
}

/** Adds the options of {@link VerifyOptions} to a command. */
export function asVerification(command: Command): Command {
  return command
    .option('--key <file>', 'trusted keys; may be given several times', several, [])
    .option('--since <checkpoint>', 'file with the last checkpoint you have', once)
    .option(
      '--max-age <length>',
      'how old the newest cosignature of a trusted witness may be, such as 24h or 7d',
      once,
    )
    .option('--at <time>', 'when, such as 2026-11-24T12:00:00Z; otherwise now', once)
    .option(
      '--policies <file>',
      'a policy that was in force: a policy file, a folder of them, or four-eyes; may be given several times',
      several,
      [],
    );
}

/** Reads an option that demands something: of two, neither is what was meant for sure. @throws InvalidArgumentError */
function once(value: string, before: string | undefined): string {
  if (before !== undefined) throw new InvalidArgumentError(`Expected once, got ${before} and ${value}.`);
  return value;
}

/** Reads an option that may be given several times. */
export function several(value: string, all: readonly string[]): string[] {
  return [...all, value];
}
