import { pino } from 'pino';
import type { DestinationStream, Logger, LoggerOptions } from 'pino';
import { withShownErrors } from '../domain/shown-error.ts';
import { shownJsonText } from '../domain/shown-text.ts';
import type { Environment } from './environment.ts';

/**
 * The log of one process: JSON lines on stdout, no secrets by name, and each error with type, message and stack.
 *
 * @param destination - where lines go instead
 */
export function makeLog(
  name: string,
  env: Pick<Environment, 'LOG_LEVEL'>,
  destination?: DestinationStream,
): Logger {
  const options: LoggerOptions = {
    name,
    level: env.LOG_LEVEL,
    hooks: { streamWrite: (line) => `${shownJsonText(line.trimEnd())}\n` },
    redact: ['req.headers.authorization', '*.accessKeySecret', '*.securityToken', '*.password', '*.token'],
    formatters: { log: withShownErrors },
    // Shown by then; pino's own would take it for an error and add to it.
    serializers: { err: (shown: unknown) => shown },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** Resolves on the first SIGINT or SIGTERM; a second one ends the process at once. */
export function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    const stop = () => {
      resolve();
      process.once('SIGINT', () => process.exit(130));
      process.once('SIGTERM', () => process.exit(143));
    };
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
  });
}
