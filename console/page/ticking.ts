import { useEffect, useState } from 'preact/hooks';
import { now } from './clock.ts';

/** The server's time, ms since 1970, told again so often. */
export function useNow(everyMs = 15_000): number {
  const [time, setTime] = useState(now);
  useEffect(() => {
    const timer = setInterval(() => setTime(now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return time;
}
