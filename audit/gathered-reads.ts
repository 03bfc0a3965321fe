import type { HashReader, TreeNode } from './merkle.ts';

interface Wanted {
  readonly nodes: readonly TreeNode[];
  resolve(hashes: Buffer[]): void;
  reject(error: unknown): void;
}

/** A reader that reads what is asked for at the same moment in one go, and each node once: neighbours share most of their proofs. */
export function gatherReads(read: HashReader): HashReader {
  let wanted: Wanted[] = [];
  async function flush(): Promise<void> {
    const all = wanted;
    wanted = [];
    try {
      const nodes = new Map(all.flatMap((one) => one.nodes).map((node) => [nameOf(node), node]));
      const hashes = await read([...nodes.values()]);
      const hashOf = new Map([...nodes.keys()].map((name, n) => [name, hashes[n] as Buffer]));
      for (const one of all) one.resolve(one.nodes.map((node) => hashOf.get(nameOf(node)) as Buffer));
    } catch (error) {
      for (const one of all) one.reject(error);
    }
  }
  return (nodes) =>
    new Promise((resolve, reject) => {
      wanted.push({ nodes, resolve, reject });
      if (wanted.length === 1) queueMicrotask(() => void flush());
    });
}

function nameOf({ level, index }: TreeNode): string {
  return `${level}/${index}`;
}
