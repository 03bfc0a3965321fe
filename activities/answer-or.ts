/** The result of `work`, or that of `late` once the signal is aborted. The work itself may go on. */
export async function answerOr<T>(signal: AbortSignal, work: Promise<T>, late: () => T): Promise<T> {
  let onAbort = () => {};
  const aborted = new Promise<void>((resolve) => {
    onAbort = resolve;
  });
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([work, aborted.then(late)]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** The result of `work`, or that of `late` after so many ms: then whoever waits is told that nobody does any more. */
export async function answerWithin<T>(
  waiting: AbortController,
  withinMs: number,
  work: Promise<T>,
  late: () => T,
): Promise<T> {
  const timer = setTimeout(() => waiting.abort(), withinMs);
  try {
    return await answerOr(waiting.signal, work, late);
  } finally {
    clearTimeout(timer);
  }
}
