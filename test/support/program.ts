import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** A running program in another language. */
export interface Program {
  readonly output: () => string;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** By SIGKILL where it has not ended. */
  stop(): Promise<void>;
}

/**
 * Starts a program, and waits until it has printed a line.
 * @throws Error with its output where it ends before
 */
export async function startProgram(
  [command, ...parameters]: readonly [string, ...string[]],
  env: NodeJS.ProcessEnv,
  ready = 'worker runs',
): Promise<Program> {
  const child = spawn(command, parameters, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'exit');
  let output = '';
  const isReady = new Promise<void>((resolve) => {
    const read = (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes(ready)) resolve();
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
  });
  const ended = exited.then(() => {
    throw new Error(`${command} ended before it was ready:\n${output}`);
  });
  await Promise.race([isReady, ended]);
  ended.catch(() => undefined);
  return {
    output: () => output,
    kill: (signal) => void child.kill(signal),
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await exited;
    },
  };
}
