import type { Command } from 'commander';
import { withoutSecrets } from '../domain/shown-error.ts';
import { exitCodes } from './exit-codes.ts';
import { complain } from './print.ts';

const judging = new WeakSet<Command>();

/**
 * A command whose exit code 1 is a verdict: a log was tampered with, or something differs. Where it cannot judge, since it
 * fails or what it asks does not answer, it ends with 2.
 */
export function asJudging(command: Command): Command {
  judging.add(command);
  return command.hook('preAction', endOnCrash);
}

/** The exit code of a command that has failed, by the code of its error; `command`: null before one was found. */
export function exitCodeOfFailure(command: Command | null, code: unknown): number {
  if (code === 'invalid_configuration') return exitCodes.configuration;
  return command !== null && judging.has(command) ? exitCodes.notJudged : exitCodes.failed;
}

/** Node.js would end with 1 for what nothing has caught. */
function endOnCrash(): void {
  process.once('uncaughtException', (error: unknown) => {
    complain(`countersign: ${withoutSecrets(error instanceof Error ? error.message : String(error))}`);
    process.exit(exitCodes.notJudged);
  });
}
