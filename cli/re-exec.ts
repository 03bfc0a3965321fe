/**
 * The options of a process that keeps little memory and makes much garbage in many threads. Without them V8 lets the main
 * thread's young generation grow to 128 MB and the old generations to several times the live data, and glibc keeps a heap
 * for each thread.
 */
export const smallHeap = {
  /** Of Node, MB: each half of a young generation; an old generation, far above what the worker needs. */
  options: ['--max-semi-space-size=4', '--max-old-space-size=1024'],
  env: { MALLOC_ARENA_MAX: '2' },
} as const;

/**
 * Replaces the running program by the same one with the options of {@link smallHeap}; the process id stays. V8 and glibc
 * read their options at the start alone. An option that is set already, in NODE_OPTIONS too, stays as it is. Does nothing
 * on Windows.
 */
export function reExecWithSmallHeap(): void {
  const given = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ');
  const options = smallHeap.options.filter((option) => !given.includes(option.slice(0, option.indexOf('='))));
  if (options.length === 0 || process.platform === 'win32') return;
  process.execve?.(
    process.execPath,
    [process.execPath, ...options, ...process.execArgv, ...process.argv.slice(1)],
    { ...smallHeap.env, ...process.env },
  );
}
