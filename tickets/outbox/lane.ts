/**
 * How many changes may be under way to one receiver at once: as many as its limit while it takes them, half as many after each
 * failure, one at least.
 */
export interface Lane {
  /** How many more may begin now. */
  room(): number;
  begin(): void;
  end(how: 'well' | 'badly'): void;
}

/** A lane that nothing is under way in. */
export function makeLane(limit: number): Lane {
  let width = limit;
  let underWay = 0;
  return {
    room: () => Math.max(0, Math.floor(width) - underWay),
    begin() {
      underWay += 1;
    },
    end(how) {
      underWay -= 1;
      width = how === 'well' ? Math.min(limit, width + 1) : Math.max(1, width / 2);
    },
  };
}
