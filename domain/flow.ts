/** A network of whole capacities, whose greatest flow from `source` grows as edges are widened. */
export interface Flow {
  readonly source: number;
  readonly sink: number;
  addNode(): number;
  /** @returns the edge's number */
  addEdge(from: number, to: number, capacity: number): number;
  /** Lets more through an edge. */
  widen(edge: number, by: number): void;
  /** What passes through an edge. */
  through(edge: number): number;
  /** Makes the flow the greatest one. Edges that leave the source never lose what they carry. */
  maximize(): void;
  /** Whether, after {@link maximize}, something could still come from the source to a node. */
  reached(node: number): boolean;
}

/**
 * Dinic's algorithm: at most O(E·√V) here, where nearly every edge is of capacity 1 (Even and Tarjan, 1975), so no policy
 * and no crowd make it explode.
 */
export function makeFlow(): Flow {
  // Edge e and its reverse e^1 lie side by side; first[node] and after[e] chain the edges of a node.
  const first: number[] = [-1, -1];
  const after: number[] = [];
  const to: number[] = [];
  const rest: number[] = [];
  const [source, sink] = [0, 1];
  let level: number[] = [];
  let arc: number[] = [];

  function half(from: number, target: number, capacity: number): void {
    to.push(target);
    rest.push(capacity);
    after.push(first[from] ?? -1);
    first[from] = to.length - 1;
  }

  function layer(): boolean {
    level = new Array<number>(first.length).fill(-1);
    level[source] = 0;
    const queue = [source];
    for (let i = 0; i < queue.length; i += 1) {
      const node = queue[i] ?? source;
      for (let e = first[node] ?? -1; e >= 0; e = after[e] ?? -1) {
        const target = to[e] ?? source;
        if ((rest[e] ?? 0) > 0 && level[target] === -1) {
          level[target] = (level[node] ?? 0) + 1;
          queue.push(target);
        }
      }
    }
    return level[sink] !== -1;
  }

  /** Some of `most` along the layers; as deep as the layers are many, which is at most thrice the number of seat groups. */
  function push(node: number, most: number): number {
    if (node === sink) return most;
    for (let e = arc[node] ?? -1; e >= 0; e = after[e] ?? -1) {
      const target = to[e] ?? source;
      const room = rest[e] ?? 0;
      if (room > 0 && level[target] === (level[node] ?? 0) + 1) {
        const pushed = push(target, Math.min(most, room));
        if (pushed > 0) {
          rest[e] = (rest[e] ?? 0) - pushed;
          rest[e ^ 1] = (rest[e ^ 1] ?? 0) + pushed;
          arc[node] = e;
          return pushed;
        }
      }
    }
    arc[node] = -1;
    return 0;
  }

  return {
    source,
    sink,
    addNode: () => first.push(-1) - 1,
    addEdge(from, target, capacity) {
      half(from, target, capacity);
      half(target, from, 0);
      return to.length - 2;
    },
    widen(edge, by) {
      rest[edge] = (rest[edge] ?? 0) + by;
    },
    through: (edge) => rest[edge ^ 1] ?? 0,
    maximize() {
      while (layer()) {
        arc = [...first];
        while (push(source, Infinity) > 0);
      }
    },
    reached: (node) => (level[node] ?? -1) !== -1,
  };
}
