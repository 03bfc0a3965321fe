import { exitCodes } from './exit-codes.ts';
import { complain } from './print.ts';

/**
 * Ends the process when its output cannot be written: quietly where nobody reads it any more (`… | head`), otherwise with a line
 * on stderr. Either says nothing of the result, so neither is 0 or 1.
 */
export function endOnUnwrittenOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(exitCodes.brokenPipe);
    complain(`countersign: the output cannot be written: ${error.message}`);
    process.exit(exitCodes.unwritten);
  });
  // What cannot be complained of changes no result.
  process.stderr.on('error', () => undefined);
}
