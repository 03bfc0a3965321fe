import { csvHeader, csvLine } from '../pack/csv.ts';
import { ocsfLine } from '../pack/ocsf.ts';
import type { SealedEntry } from '../pack/sealed-entry.ts';
import { runningHash } from './running-hash.ts';

/** What `ocsf.jsonl` and `entries.csv` of some entries are: SHA-256, lower-case hex. */
export interface RenderingDigests {
  readonly 'ocsf.jsonl': string;
  readonly 'entries.csv': string;
}

/** Makes the renderings of entries once more, to compare them. */
export interface EntryRenderer {
  /**
   * Takes the next entry.
   * @param line - its bytes; they are not kept beyond {@link EntryRenderer.catchUp}
   */
  add(entry: SealedEntry, line: Buffer): void;
  /** To be awaited now and then, so that no more is kept than some entries. */
  catchUp(): Promise<void>;
  /** After the last entry; once. */
  end(): Promise<RenderingDigests>;
}

/** Makes an {@link EntryRenderer} for the entries of a log, by the log's name. */
export type RenderWith = (log: string) => EntryRenderer;

/** The renderings of entries as they come, hashed. */
export function hashRenderings(log: string) {
  const ocsf = runningHash();
  const csv = runningHash(csvHeader);
  return {
    add(entry: SealedEntry): void {
      ocsf.add(ocsfLine(entry, log));
      csv.add(csvLine(entry));
    },
    digests: (): RenderingDigests => ({ 'ocsf.jsonl': ocsf.digest(), 'entries.csv': csv.digest() }),
  };
}

/** Renders in the thread that reads. */
export const renderHere: RenderWith = (log) => {
  const renderings = hashRenderings(log);
  return {
    add: (entry) => {
      renderings.add(entry);
    },
    catchUp: () => Promise.resolve(),
    end: () => Promise.resolve(renderings.digests()),
  };
};
