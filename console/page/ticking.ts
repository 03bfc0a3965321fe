import { useEffect, useState } from 'preact/hooks';
import { now } from './clock.ts';

const listeners = new Set<() => void>();
const everyMs = 15_000;
let timer: ReturnType<typeof setInterval> | undefined;

/** One timer for all that show a time, however many there are. @returns how to hear no more */
function onTick(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => listeners.forEach((tell) => tell()), everyMs);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** The server's time, ms since 1970, told again every 15 s. */
export function useNow(): number {
  const [time, setTime] = useState(now);
  useEffect(() => onTick(() => setTime(now())), []);
  return time;
}
