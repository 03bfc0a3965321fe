/**
 * How a process starts that keeps little and makes much garbage in many threads. By itself V8 lets the main thread's young
 * generation grow to 128 MB and the old ones to several times of what lives, and glibc keeps a heap for each thread.
 */
export const lean = {
  /** Of Node, MB: each half of a young generation; an old generation, far above what the worker needs. */
  options: ['--max-semi-space-size=4', '--max-old-space-size=1024'],
  env: { MALLOC_ARENA_MAX: '2' },
} as const;

/**
 * Goes on as the same process, id and all, started anew as {@link lean} says: V8 and glibc ask at the start and never again.
 * What is set already, in NODE_OPTIONS too, stays as it is. Does nothing on Windows.
 */
export function startAnewLean(): void {
  const given = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ');
  const options = lean.options.filter((option) => !given.includes(option.slice(0, option.indexOf('='))));
  if (options.length === 0 || process.platform === 'win32') return;
  process.execve?.(
    process.execPath,
    [process.execPath, ...options, ...process.execArgv, ...process.argv.slice(1)],
    { ...lean.env, ...process.env },
  );
}
