/** Exit code of a process that SIGPIPE ends, as shells count it. */
const brokenPipe = 141;

/** Ends the process quietly when nobody reads its output any more (`… | head`): that says nothing of its result. */
export function endOnBrokenPipe(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(brokenPipe);
  });
}
