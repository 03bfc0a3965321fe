import { pino } from 'pino';
import type { Logger } from 'pino';
import { shownJsonText } from '../domain/shown-text.ts';
import type { Environment } from './environment.ts';

/** The log of one process: JSON lines on stdout, no secrets by name. */
export function makeLog(name: string, env: Environment): Logger {
  return pino({
    name,
    level: env.LOG_LEVEL,
    hooks: { streamWrite: (line) => `${shownJsonText(line.trimEnd())}\n` },
    redact: ['req.headers.authorization', '*.accessKeySecret', '*.securityToken', '*.password', '*.token'],
  });
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
