import type { Logger } from 'pino';

interface Window<T> {
  count: number;
  unrecorded: number;
  last: T;
  readonly timer: NodeJS.Timeout;
}

/** Records what may come in floods; see {@link makeCoalesced}. */
export interface Coalesced<T> {
  /**
   * @param id - what counts as the same
   * @throws whatever recording throws
   */
  record(id: string, item: T): Promise<void>;
  /** Ends every window now and records what it only counted. */
  flush(): Promise<void>;
}

/**
 * Records the first few of equal events in a window one by one. One more record at the window's end says how many others
 * there were.
 *
 * @param append - records an item; `coalesced` is how many others it stands for
 */
export function makeCoalesced<T>(
  append: (item: T, coalesced: number) => Promise<void>,
  options: {
    readonly perWindow: number;
    readonly windowMs: number;
    readonly log: Pick<Logger, 'warn'>;
    /** What the log says when counted ones could not be recorded. */
    readonly what: string;
    /** Called for the first event of each window, before it is recorded. */
    readonly onFirst?: (item: T) => void;
  },
): Coalesced<T> {
  const { perWindow, windowMs, log, what, onFirst } = options;
  const windows = new Map<string, Window<T>>();

  /** Records what a window only counted. When the log does not take it now, the end of the next window tries again. */
  async function close(id: string, window: Window<T>): Promise<void> {
    windows.delete(id);
    clearTimeout(window.timer);
    if (window.unrecorded === 0) return;
    try {
      await append(window.last, window.unrecorded);
    } catch (err) {
      log.warn({ err: err as Error }, `${what} could not be recorded yet`);
      open(id, window.last).unrecorded += window.unrecorded;
    }
  }

  function open(id: string, last: T): Window<T> {
    const there = windows.get(id);
    if (there) return there;
    const timer = setTimeout(() => void close(id, window), windowMs).unref();
    const window: Window<T> = { count: 0, unrecorded: 0, last, timer };
    windows.set(id, window);
    return window;
  }

  return {
    async record(id, item) {
      if (!windows.has(id)) onFirst?.(item);
      const window = open(id, item);
      if (window.count >= perWindow) {
        window.unrecorded += 1;
        window.last = item;
        return;
      }
      window.count += 1;
      try {
        await append(item, 0);
      } catch (error) {
        // The next event is recorded in its place.
        window.count -= 1;
        throw error;
      }
    },
    async flush() {
      await Promise.all([...windows].map(([id, window]) => close(id, window)));
    },
  };
}
