/**
 * How many changes may be under way to one receiver at once: as many as its limit while it takes them, half as many after each
 * failure, one at least, and none while it has asked for a pause.
 */
export interface Lane {
  /** How many more may begin now. @param now - ms since the epoch */
  room(now: number): number;
  /** When a pause ends, ms since the epoch; null while there is none. */
  pausedUntil(now: number): number | null;
  begin(): void;
  end(how: 'well' | 'badly'): void;
  pause(until: number): void;
}

/** A lane that nothing is under way in. */
export function makeLane(limit: number): Lane {
  let width = limit;
  let underWay = 0;
  let until = 0;
  return {
    room: (now) => (now < until ? 0 : Math.max(0, Math.floor(width) - underWay)),
    pausedUntil: (now) => (now < until ? until : null),
    begin() {
      underWay += 1;
    },
    end(how) {
      underWay -= 1;
      width = how === 'well' ? Math.min(limit, width + 1) : Math.max(1, width / 2);
    },
    pause(end) {
      until = Math.max(until, end);
    },
  };
}
