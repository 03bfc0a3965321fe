import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

/** What {@link startChild} needs to know of the program to run. */
export interface ChildOptions {
  /** Absolute path of the executable. */
  command: string;
  args: readonly string[];
  /** The whole environment of the child. */
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** User and group to run as; only root may give them. */
  uid?: number;
  gid?: number;
  /** Gets every line that the child prints, on either stream. */
  log?: ((line: string) => void) | undefined;
  /** Gets what a Node program tells us by `process.send`; without it there is no such channel. */
  told?: ((message: unknown) => void) | undefined;
  /** Asks the child to end in order. */
  stopSignal: NodeJS.Signals;
}

/** How a child ended. */
export interface ChildExit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** How a part ended that nobody had told to, for a message: a signal is somebody's, or the machine's when its memory is full. */
export function endOf(part: string, { code, signal }: ChildExit): string {
  return signal === null
    ? `${part} ended by itself with exit code ${code}`
    : `${part} was ended by the signal ${signal}`;
}

/** A running child process. */
export interface Child {
  pid: number;
  /** Settles when the process has ended, however it ended; never rejects. */
  exited: Promise<ChildExit>;
  hasExited(): boolean;
  /** The last lines printed, for error messages. */
  lastLines(): string;
  /** Asks the child to end and waits; after `patience` milliseconds (default 8000) it is killed. */
  stop(patience?: number): Promise<void>;
  kill(signal: NodeJS.Signals): void;
}

const LINES_KEPT = 30;

/**
 * A shell that waits for our end of a pipe to close, which happens however this process dies, SIGKILL included,
 * and then ends the child: asks first, kills after ten seconds. It costs one sleeping `sh`.
 */
const WATCHDOG = `read -r _; kill -"$2" "$1" 2>/dev/null || exit 0
for _ in 1 2 3 4 5 6 7 8 9 10; do sleep 1; kill -0 "$1" 2>/dev/null || exit 0; done
kill -KILL "$1" 2>/dev/null`;

function startWatchdog(pid: number, signal: NodeJS.Signals): ChildProcess {
  const watchdog = spawn('/bin/sh', ['-c', WATCHDOG, 'sh', String(pid), signal.slice('SIG'.length)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    cwd: '/',
  });
  // A machine without /bin/sh loses only the clean-up after a crash of ours.
  watchdog.on('error', () => undefined);
  watchdog.stdin.on('error', () => undefined);
  watchdog.unref();
  return watchdog;
}

/**
 * Starts a program in a process group of its own, so that a terminal's Ctrl-C reaches us first and we stop the
 * programs in order. It ends when {@link Child.stop} is called, or soon after this process dies.
 *
 * @throws Error when the program cannot be started (missing, not executable, not allowed).
 */
export async function startChild(options: ChildOptions): Promise<Child> {
  const process_ = spawn(options.command, options.args, {
    detached: true,
    stdio: options.told ? ['ignore', 'pipe', 'pipe', 'ipc'] : ['ignore', 'pipe', 'pipe'],
    ...(options.env && { env: options.env }),
    ...(options.cwd !== undefined && { cwd: options.cwd }),
    ...(options.uid !== undefined && { uid: options.uid }),
    ...(options.gid !== undefined && { gid: options.gid }),
  });
  if (options.told) process_.on('message', options.told);
  let ended = false;
  const exited = new Promise<ChildExit>((resolve) => {
    process_.once('exit', (code, signal) => {
      ended = true;
      resolve({ code, signal });
    });
  });
  await new Promise<void>((resolve, reject) => {
    process_.once('spawn', resolve);
    process_.once('error', (error) =>
      reject(new Error(`Cannot start ${options.command}: ${error.message}`, { cause: error })),
    );
  });
  const pid = process_.pid;
  if (pid === undefined) throw new Error(`Cannot start ${options.command}: it has no process id.`);

  const lines: string[] = [];
  for (const stream of [process_.stdout, process_.stderr]) {
    // Both are pipes.
    if (stream === null) continue;
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      if (lines.length > LINES_KEPT) lines.shift();
      options.log?.(line);
    });
  }

  const watchdog = startWatchdog(pid, options.stopSignal);
  void exited.then(() => watchdog.kill('SIGKILL'));

  return {
    pid,
    exited,
    hasExited: () => ended,
    lastLines: () => lines.join('\n'),
    async stop(patience = 8_000) {
      if (ended) return;
      process_.kill(options.stopSignal);
      const timer = new AbortController();
      const late = delay(patience, true, { signal: timer.signal }).catch(() => false);
      const stillThere = await Promise.race([exited.then(() => false), late]);
      timer.abort();
      if (stillThere) process_.kill('SIGKILL');
      await exited;
    },
    kill(signal) {
      if (!ended) process_.kill(signal);
    },
  };
}
