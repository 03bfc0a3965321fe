import { makeFlow } from './flow.ts';

/** Seats that are alike: `threshold` of them, for distinct people of any of the groups in `accepts` (null: anybody). */
export interface Seats {
  readonly stage: string;
  readonly group: string | null;
  readonly accepts: readonly (string | null)[];
  readonly threshold: number;
}

/**
 * A person to be seated, with their rights to a seat: their own, and one for each person in whose place they may decide.
 * A voter takes one seat, by one of the rights.
 */
export interface Voter {
  readonly rights: readonly SeatRight[];
}

/** One person's right to a seat. It fills one seat, whoever uses it. */
export interface SeatRight {
  /** Whose right it is, as a string that no two people share. */
  readonly of: string;
  readonly groups: readonly string[];
}

/** Which seats are still free once people have been seated. */
export interface SeatAllocation {
  /** Index of the first stage that has a free seat; the number of stages when none has. */
  readonly open: number;
  /** For each of the stages and each of its seats, how many are free. */
  readonly free: readonly (readonly number[])[];
  /** For each, whether one more person of its groups would fill a seat of the open stage, if others move. */
  readonly helps: readonly (readonly boolean[])[];
}

/**
 * Seats people so that as many stages as possible are full, one after another, and as many seats as possible of the
 * next. Nobody has two seats, no right fills two, and a seated voter moves to another seat where that makes room. The
 * answer depends on who the people are and not on their order. No stage is filled after the first one with a free seat.
 */
export function allocateSeats(
  stages: readonly (readonly Seats[])[],
  people: readonly Voter[],
): SeatAllocation {
  const flow = makeFlow();
  const places = stages.map((seats) => seats.map(() => ({ node: flow.addNode(), edge: 0 })));
  const anybody: number[] = [];
  const ofGroup = new Map<string, number[]>();
  stages.forEach((seats, s) => {
    seats.forEach(({ accepts }, i) => {
      const place = places[s]?.[i];
      if (!place) return;
      place.edge = flow.addEdge(flow.source, place.node, 0);
      if (accepts.includes(null)) anybody.push(place.node);
      else for (const group of new Set(accepts)) listed(ofGroup, group ?? '').push(place.node);
    });
  });

  const shared = sharedRights(people);
  // People who are alike are one node as wide as they are many: crowds cost what their kinds cost.
  const kinds = new Map<readonly string[], number>();
  const others: Voter[] = [];
  for (const voter of people) {
    const [own, ...more] = voter.rights;
    if (own === undefined || more.length > 0 || shared.has(own.of)) {
      others.push(voter);
      continue;
    }
    kinds.set(own.groups, (kinds.get(own.groups) ?? 0) + 1);
  }
  for (const [groups, count] of kinds) {
    const kind = flow.addNode();
    flow.addEdge(kind, flow.sink, count);
    addSeats(groups, kind, count);
  }
  for (const { rights } of others) {
    const person = flow.addNode();
    flow.addEdge(person, flow.sink, 1);
    for (const right of rights) {
      const common = shared.get(right.of);
      if (!common) {
        addSeats(right.groups, person, 1);
        continue;
      }
      if (common.exit === -1) {
        const entrance = flow.addNode();
        common.exit = flow.addNode();
        flow.addEdge(entrance, common.exit, 1);
        addSeats(common.groups, entrance, 1);
      }
      flow.addEdge(common.exit, person, 1);
    }
  }

  function addSeats(groups: readonly string[], node: number, count: number): void {
    for (const place of anybody) flow.addEdge(place, node, count);
    for (const group of groups)
      for (const place of ofGroup.get(group) ?? []) flow.addEdge(place, node, count);
  }

  let open = 0;
  for (; open < stages.length; open += 1) {
    stages[open]?.forEach(({ threshold }, i) => flow.widen(places[open]?.[i]?.edge ?? 0, threshold));
    flow.maximize();
    if (places[open]?.some(({ edge }, i) => flow.through(edge) < (stages[open]?.[i]?.threshold ?? 0))) break;
  }
  return {
    open,
    free: places.map((row, s) =>
      row.map(({ edge }, i) => (stages[s]?.[i]?.threshold ?? 0) - flow.through(edge)),
    ),
    helps: places.map((row) => row.map(({ node }) => open < stages.length && flow.reached(node))),
  };
}

/** Rights that more than one voter could use, with the groups that each of these voters has by them. */
function sharedRights(people: readonly Voter[]): Map<string, { groups: readonly string[]; exit: number }> {
  const shared = new Map<string, { groups: readonly string[]; exit: number }>();
  const seen = new Map<string, readonly string[]>();
  for (const { rights } of people) {
    for (const { of, groups } of rights) {
      const before = seen.get(of);
      if (before) {
        const common = before.filter((group) => groups.includes(group));
        shared.set(of, { groups: common, exit: -1 });
        seen.set(of, common);
      } else seen.set(of, groups);
    }
  }
  return shared;
}

function listed<K, V>(map: Map<K, V[]>, key: K): V[] {
  const list = map.get(key) ?? [];
  map.set(key, list);
  return list;
}
