import { createParser } from 'eventsource-parser';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Entry } from './answers.ts';
import { isSessionOver, openApi } from './http.ts';

/** How the stream of a change's entries stands. */
export type LiveState = 'connecting' | 'live' | 'ended' | 'lost' | 'hidden';

/** The entries of a change, as they come. */
export interface Live {
  /** By index. */
  readonly entries: readonly Entry[];
  readonly state: LiveState;
}

/**
 * Follows a change as long as the tab is seen: a browser has six connections to a server over HTTP/1.1, and a stream
 * takes one of them. It resumes after the last entry that came.
 *
 * @param onNews - called with each batch of entries
 */
export function useLive(id: string, onNews: (entries: readonly Entry[]) => void): Live {
  const [live, setLive] = useState<Live>({ entries: [], state: 'connecting' });
  const tell = useRef(onNews);
  tell.current = onNews;
  useEffect(
    () =>
      follow(id, {
        onEntries(entries) {
          setLive((before) => ({ entries: joined(before.entries, entries), state: 'live' }));
          tell.current(entries);
        },
        onState: (state) => setLive((before) => ({ ...before, state })),
      }),
    [id],
  );
  return live;
}

function joined(before: readonly Entry[], more: readonly Entry[]): readonly Entry[] {
  const last = before.at(-1)?.index ?? -1;
  return [...before, ...more.filter(({ index }) => index !== null && index > last)];
}

interface Listener {
  readonly onEntries: (entries: readonly Entry[]) => void;
  readonly onState: (state: LiveState) => void;
}

const firstPauseMs = 1000;
const longestPauseMs = 30_000;

/** See {@link useLive}. @returns how to stop */
function follow(id: string, { onEntries, onState }: Listener): () => void {
  let lastId: string | null = null;
  let pauseMs = firstPauseMs;
  let current: AbortController | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isEnded = false;

  const stop = () => {
    current?.abort();
    current = null;
    clearTimeout(timer);
  };
  const take = (entries: readonly Entry[]) => {
    if (entries.length === 0) return;
    pauseMs = firstPauseMs;
    onEntries(entries);
    isEnded ||= entries.some(({ type }) => type === 'change.closed');
  };
  const start = async () => {
    const controller = new AbortController();
    current = controller;
    try {
      const response = await openApi(`/v1/changes/${encodeURIComponent(id)}/events`, {
        headers: { accept: 'text/event-stream', ...(lastId === null ? {} : { 'last-event-id': lastId }) },
        signal: controller.signal,
      });
      onState('live');
      await readEvents(response, (eventId, entries) => {
        lastId = eventId ?? lastId;
        take(entries);
      });
      // The server ends it with the change, or with the token: a new one has been fetched when it is asked again.
      if (isEnded) {
        current = null;
        onState('ended');
        return;
      }
    } catch (error) {
      if (controller.signal.aborted) return;
      onState('lost');
      if (isSessionOver(error)) return;
    }
    timer = setTimeout(() => void start(), pauseMs);
    pauseMs = Math.min(2 * pauseMs, longestPauseMs);
  };
  const look = () => {
    if (isEnded) return;
    stop();
    if (document.hidden) onState('hidden');
    else void start();
  };
  document.addEventListener('visibilitychange', look);
  addEventListener('online', look);
  look();
  return () => {
    document.removeEventListener('visibilitychange', look);
    removeEventListener('online', look);
    stop();
  };
}

/** Reads a stream of events up to its end; what comes together is told together. */
async function readEvents(
  response: Response,
  onEvents: (lastId: string | null, entries: readonly Entry[]) => void,
): Promise<void> {
  let lastId: string | null = null;
  let entries: Entry[] = [];
  const parser = createParser({
    onEvent: ({ id, data }) => {
      lastId = id ?? lastId;
      entries.push(JSON.parse(data) as Entry);
    },
  });
  if (response.body === null) return;
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    parser.feed(text);
    if (entries.length > 0) onEvents(lastId, entries);
    entries = [];
  }
}
